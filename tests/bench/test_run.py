"""The benchmark as a whole, as short as it can be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import limits, statements
from bench.statements import Probe, Sent
from tests.database import ROOT

KEY = "0190aaaa-bbbb-4ccc-8ddd-eeeeffff0000"


def test_values_are_put_into_a_statement_without_a_colon_that_pgbench_would_read() -> None:
    sent = Sent(
        text="SELECT $1, $2::uuid  -- why\n  FROM t WHERE x = $3 AND y = $4;",
        values={1: '{"it\'s": "a:b\\n"}', 2: None, 3: KEY, 4: f"{{{KEY}}}"},
    )

    text = statements.as_sql(sent, [KEY], "made({number})")

    first, second = text.splitlines()
    assert first == """SELECT E'{"it''s"\\072 "a\\072b\\\\n"}', NULL::uuid"""
    assert "x = (E'' || made(0) || E'')::uuid" in second
    assert second.endswith("y = (E'{' || made(0) || E'}')::uuid[]")


def test_an_id_inside_json_is_made_anew_too() -> None:
    sent = Sent(text="SELECT $1", values={1: f'[{{"id": "{KEY}"}}]'})

    text = statements.as_sql(sent, [KEY], "made({number})")

    assert text == """SELECT (E'[{"id"\\072 "' || made(0) || E'"}]')::jsonb"""


def test_a_script_makes_an_id_for_each_that_a_request_made(tmp_path: Path) -> None:
    probe = Probe([Sent("SELECT $1", {1: KEY})], fresh=[KEY])

    (path,) = limits.write_scripts([probe], tmp_path / "scripts")

    setting, statement = path.read_text().splitlines()
    assert setting == "\\set id0 random(0, 281474976710655)"
    assert "lpad(to_hex(:id0::bigint), 12, '0')" in statement
    assert statement.endswith(")::uuid;")


def test_a_client_of_pgbench_keeps_to_its_session_and_moves_its_counter(tmp_path: Path) -> None:
    probe = Probe(
        [
            Sent("SELECT session.id, refresh_counter FROM session WHERE id = $1", {1: KEY}),
            Sent(
                "UPDATE session SET x = 1 WHERE id = $1 AND refresh_counter = $2", {1: KEY, 2: "7"}
            ),
        ]
    )

    (path,) = limits.write_turns([probe, probe], tmp_path / "scripts")

    lines = path.read_text().splitlines()
    assert [lines[0], lines[3], lines[-1]] == [
        "\\if :client_id % 2 = 0",
        "\\elif :client_id % 2 = 1",
        "\\endif",
    ]
    assert lines[1].endswith(" \\gset s_")
    assert lines[2].endswith("refresh_counter = :s_refresh_counter;")


def test_an_unknown_endpoint_is_refused() -> None:
    done = _bench("--only", "reads")

    assert done.returncode == 2
    assert "reads" in done.stderr


@pytest.mark.slow
def test_a_small_run_ends_by_itself_and_leaves_a_result() -> None:
    done = _bench(
        "--small", "--only", "read", "--peers", "none", "--rounds", "1", "--seconds", "0.3"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Core API" in done.stdout
    newest = max((ROOT / ".data" / "bench" / "results").iterdir())
    result = json.loads((newest / "result.json").read_text())
    (lines,) = result["results"].values()
    assert {line["contender"] for line in lines} == {"core-api", "pgbench"}
    assert all(line["errors"] == 0 and line["rate"] > 0 for line in lines)
    assert (newest / "result.svg").read_text().startswith("<svg")


def _bench(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bench", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
