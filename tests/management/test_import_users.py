"""`just import-users`: accounts come in from a file, and sign in as they did before."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from typer.testing import CliRunner, Result

from src.__main__ import cli
from src.config import AuthenticationSettings, LimitSettings, PasswordHashSettings, RateSettings
from src.management import lines
from src.management.service import importing
from tests import factories
from tests.auth.foreign_hashes import (
    BCRYPT,
    FROM_ELSEWHERE,
    NONE_OF_THEM,
    PASSWORD,
    PEPPER,
    SALT,
    SHA256_PEPPERED,
    SHA256_SALTED,
    TOO_COSTLY,
)
from tests.conftest import Execute, MakeClient
from tests.http import bearer, problem

pytestmark = pytest.mark.committed

OURS = "$argon2id$v=19$m=19456,t=2,p=1$"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command on a file of these lines: accounts, or what stands there instead."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("DATABASE__URL", url)
    monkeypatch.setenv("SECRETS__SECRET_KEY", factories.SECRET_KEY)

    async def ran(
        *said: object, options: tuple[str, ...] = (), name: str = "users.jsonl"
    ) -> Result:
        file = tmp_path / name
        text = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in said]
        file.write_bytes(b"\n".join(text))
        arguments = ["import-users", str(file), *options]
        return await asyncio.to_thread(CliRunner().invoke, cli, arguments)

    return ran


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """From whose address people may sign in as often as they like."""
    rates = RateSettings(login_ip=0, login_ip_hour=0)
    return await make_client(limits=LimitSettings(rates=rates))


async def log_in(client: AsyncClient, identifier: str, password: str = PASSWORD) -> Response:
    body = {"identifier": identifier, "password": password}
    return await client.post("/v1/auth/login", json=body)


async def me(client: AsyncClient, response: Response) -> dict[str, Any]:
    token = response.json()["tokens"]["access_token"]
    shown = await client.get("/v1/users/me", headers=bearer(token))
    assert shown.status_code == 200, shown.text
    return dict(shown.json())


def told(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("line ")]


async def test_who_was_imported_signs_in_as_before_and_then_by_a_hash_of_ours(
    run: Run, client: AsyncClient, execute: Execute
) -> None:
    hashes = list(FROM_ELSEWHERE.values())[::3]
    done = await run(
        *(
            {"email": f"user{number}@example.org", "password_hash": text}
            for number, text in enumerate(hashes)
        ),
        {"email": "sha@example.org", "password_hash": SHA256_SALTED, "password_salt": SALT},
    )
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert done.stdout == f"{len(hashes) + 1} imported, 0 already there, 0 refused\n"
    for text, *_ in await execute("SELECT hash FROM password"):
        assert text.startswith("$w=")

    for email in (
        "sha@example.org",
        *(f"user{number}@example.org" for number in range(len(hashes))),
    ):
        wrong = await log_in(client, email, "eleven owls upon a mossy reef")
        problem(wrong, 401, "invalid_credentials")
        for _ in range(2):
            assert (await log_in(client, email)).status_code == 200, email
            ((kept,),) = await execute(
                "SELECT password.hash FROM password JOIN account ON account.id = account_id"
                " WHERE email = %(email)s",
                email=email,
            )
            assert kept.startswith(OURS)


async def test_a_pepper_of_theirs_stays_in_the_settings(
    run: Run, make_client: MakeClient, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHENTICATION__PASSWORD_HASH__IMPORTED_PEPPER", PEPPER)
    line = {"email": "a@example.org", "password_hash": SHA256_PEPPERED, "password_salt": SALT}
    assert (await run(line)).exit_code == 0
    monkeypatch.undo()
    hashes = PasswordHashSettings.model_validate({"imported_pepper": PEPPER})
    client = await make_client(authentication=AuthenticationSettings(password_hash=hashes))
    without = await make_client()

    ((kept,),) = await execute("SELECT hash FROM password")
    assert kept.startswith("$w=sha256-peppered,")
    problem(await log_in(without, "a@example.org"), 401, "invalid_credentials")
    assert (await log_in(client, "a@example.org")).status_code == 200
    # From now on it is not needed any more.
    assert (await log_in(without, "a@example.org")).status_code == 200


async def test_all_that_a_line_says_comes_in(
    run: Run, client: AsyncClient, execute: Execute
) -> None:
    ann = {
        "email": "ann@Example.org",
        "email_verified": True,
        "username": "ann",
        "given_name": "Ann",
        "family_name": "Bell",
        "display_name": "Ann B.",
        "locale": "de-at",
        "time_zone": "Europe/Vienna",
        "password_hash": BCRYPT,
    }
    nobody = {"email": "bob@example.org", "username": None, "password_hash": None}

    assert (await run(ann, b"", nobody)).exit_code == 0

    shown = await me(client, await log_in(client, "ANN"))
    del ann["email_verified"], ann["password_hash"]
    assert shown.items() >= {**ann, "email": "ann@example.org", "locale": "de-AT"}.items()
    assert shown["email_verified_at"] is not None
    assert await execute(
        "SELECT email, status, email_verified_at IS NULL FROM account ORDER BY email"
    ) == [("ann@example.org", "active", False), ("bob@example.org", "pending", True)]
    assert await execute(
        "SELECT action, actor_id, object_id = account.id, detail FROM audit_event"
        " JOIN account ON account.id = object_id WHERE action LIKE '%import%' ORDER BY email"
    ) == [
        ("user.imported", None, True, {"has_password": True}),
        ("user.imported", None, True, {"has_password": False}),
    ]


async def test_running_it_again_changes_nothing(
    run: Run, client: AsyncClient, execute: Execute
) -> None:
    line = {"email": "ann@example.org", "password_hash": BCRYPT, "display_name": "Ann"}
    everything = (
        "SELECT account.*, password.* FROM account JOIN password ON account_id = account.id"
    )
    assert (await run(line)).exit_code == 0
    assert (await log_in(client, "ann@example.org")).status_code == 200
    before = await execute(everything)
    other = {**line, "email": "ANN@example.org", "display_name": "Else", "username": "else"}

    again = [await run(each) for each in (line, other)]

    assert await execute(everything) == before
    assert await execute("SELECT FROM audit_event WHERE action = 'user.imported'") == []
    for done in again:
        assert done.exit_code == 0
        assert told(done) == ["line 1: email: already there"]
        assert done.stdout == "0 imported, 1 already there, 0 refused\n"


BAD: list[tuple[object, str]] = [
    (b"{", "line: is no JSON"),
    (b'"ann@example.org"', "line: is no object of JSON"),
    (b"\xff\xfe", "line: is no JSON"),
    (b"[" * 50_000, "line: is no JSON"),
    (b'{"email": "' + b"x" * 70_000 + b'"}', "line: is longer than any account"),
    ({}, "email: Field required"),
    ({"email": "ann"}, "email: "),
    ({"email": "a\ud800@example.org"}, "email: "),
    ({"email": "x@example.org", "email_verified": "yes"}, "email_verified: This is neither"),
    ({"email": "x@example.org", "username": "a b"}, "username: "),
    ({"email": "x@example.org", "given_name": "a\nb"}, "given_name: Only printable"),
    ({"email": "x@example.org", "display_name": "\ud800"}, "display_name: "),
    ({"email": "x@example.org", "locale": "xx-nowhere"}, "locale: "),
    ({"email": "x@example.org", "time_zone": "Mars"}, "time_zone: "),
    ({"email": "x@example.org", "admin": True}, "admin: "),
    ({"email": "x@example.org", BCRYPT: 1}, "a field: "),
    ({"email": "x@example.org", SHA256_SALTED: 1}, "a field: "),
    ({"email": "x@example.org", "password_hash": "x" * 513}, "password_hash: "),
    ({"email": "x@example.org", "password_hash": 1}, "password_hash: "),
    ({"email": "x@example.org", "password_salt": SALT}, "password_salt: is there without"),
    (
        {"email": "x@example.org", "password_hash": BCRYPT, "password_salt": SALT},
        "password_hash: is no hash that has",
    ),
    *(
        ({"email": "x@example.org", "password_hash": text}, "password_hash: costs too much")
        for text in TOO_COSTLY
    ),
    *(
        ({"email": "x@example.org", "password_hash": text}, "password_hash: ")
        for text in NONE_OF_THEM
    ),
]


@pytest.mark.parametrize("is_check", [False, True])
async def test_a_bad_line_is_named_and_the_others_come_in(
    run: Run, execute: Execute, is_check: bool
) -> None:
    good = [
        {"email": f"good{number}@example.org", "username": f"good{number}"} for number in (1, 2)
    ]
    said = [good[0], *(line for line, _ in BAD), good[1]]

    done = await run(*said, options=("--check",) if is_check else ())

    assert done.exit_code == 1
    assert len(told(done)) == len(BAD)
    for number, (line, (_, reason)) in enumerate(zip(told(done), BAD, strict=True), start=2):
        assert line.startswith(f"line {number}: {reason}"), line
    would = "would be " if is_check else ""
    assert done.stdout == f"2 {would}imported, 0 already there, {len(BAD)} refused\n"
    emails = await execute("SELECT email FROM account ORDER BY email")
    assert emails == ([] if is_check else [(each["email"],) for each in good])
    assert await execute("SELECT FROM password") == []


async def test_nothing_of_a_hash_is_printed_or_logged(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    texts = [*FROM_ELSEWHERE.values(), *TOO_COSTLY, *filter(None, NONE_OF_THEM)]
    said = [
        {"email": f"u{number}@example.org", "password_hash": text}
        | ({"username": "a b"} if number % 3 == 0 else {})
        for number, text in enumerate(texts)
    ]
    salted = {"email": "s@example.org", "password_hash": "x" + SHA256_SALTED, "password_salt": SALT}

    done = await run(*said, salted, {"email": BCRYPT}, {"email": SHA256_SALTED, "locale": BCRYPT})

    assert done.exit_code == 1
    for text in [*texts, SALT, SHA256_SALTED]:
        for part in filter(None, (text, text.rpartition("$")[2])):
            assert part not in done.output + done.stderr
            assert part not in caplog.text


async def test_names_that_are_somebody_elses_stay_theirs(run: Run, execute: Execute) -> None:
    assert (await run({"email": "ann@example.org", "username": "ann"})).exit_code == 0

    done = await run(
        {"email": "bob@example.org", "username": "ANN"},
        {"email": "cleo@example.org", "username": "cleo"},
        {"email": "CLEO@example.org", "display_name": "another"},
        {"email": "dora@example.org", "username": "Cleo"},
        {"email": "bob@example.org", "username": "bob"},
    )

    assert told(done) == [
        "line 1: username: is somebody else's",
        "line 3: email: repeats line 2",
        "line 4: username: repeats line 2",
        "line 5: email: repeats line 1",
    ]
    assert done.stdout == "1 imported, 0 already there, 4 refused\n"
    assert await execute("SELECT email, display_name FROM account ORDER BY email") == [
        ("ann@example.org", ""),
        ("cleo@example.org", ""),
    ]


async def test_a_check_changes_nothing_and_says_the_same(run: Run, execute: Execute) -> None:
    assert (await run({"email": "ann@example.org", "username": "ann"})).exit_code == 0
    said = [
        {"email": "ann@example.org"},
        {"email": "bob@example.org", "username": "ann"},
        {"email": "cleo@example.org", "password_hash": BCRYPT},
        {"email": "cleo@example.org"},
    ]

    check = await run(*said, options=("--check",))
    assert await execute("SELECT email FROM account") == [("ann@example.org",)]
    done = await run(*said)

    assert check.exit_code == done.exit_code == 1
    assert told(check) == told(done)
    assert check.stdout == "1 would be imported, 1 already there, 2 refused\n"
    assert done.stdout == "1 imported, 1 already there, 2 refused\n"


async def test_what_is_interrupted_is_in_by_whole_batches_and_goes_on(
    run: Run, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_BATCH", 2)
    said = [{"email": f"u{number}@example.org", "password_hash": BCRYPT} for number in range(5)]
    await execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''pulled the plug''; END'"
    )
    await execute(
        "CREATE TRIGGER fail BEFORE INSERT ON account FOR EACH ROW"
        " WHEN (NEW.email = 'u3@example.org') EXECUTE FUNCTION fail()"
    )

    failed = await run(*said)
    count = "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM password)"
    assert await execute(count) == [(2, 2)]
    assert failed.exit_code != 0
    await execute("DROP TRIGGER fail ON account")
    done = await run(*said)

    assert done.stdout == "3 imported, 2 already there, 0 refused\n"
    assert await execute(count) == [(5, 5)]


async def test_names_that_are_taken_while_it_runs_are_told(
    run: Run, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    await execute(
        "CREATE FUNCTION first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO account (email, status) VALUES ('ann@example.org', 'active');"
        " RETURN NEW; END $$"
    )
    await execute(
        "CREATE TRIGGER first BEFORE INSERT ON account FOR EACH ROW"
        " WHEN (NEW.email = 'before@example.org') EXECUTE FUNCTION first()"
    )

    done = await run(
        {"email": "before@example.org"}, {"email": "ann@example.org", "password_hash": BCRYPT}
    )

    assert told(done) == ["line 2: email: was taken just now: run it again"]
    assert done.stdout == "1 imported, 0 already there, 1 refused\n"
    assert await execute("SELECT FROM password") == []


async def test_csv_has_the_names_of_the_fields_in_its_first_line(
    run: Run, client: AsyncClient, execute: Execute
) -> None:
    header = b"\xef\xbb\xbfemail,email_verified,display_name,password_hash,password_salt"
    done = await run(
        header,
        f"ann@example.org,true,,{BCRYPT},".encode(),
        f'bob@example.org,False,"Bob,\nhimself",{SHA256_SALTED},{SALT}'.encode(),
        b"cleo@example.org,yes,,,",
        b"dora@example.org,,,,,",
        f'eve@example.org,,"Eve, who is",{SHA256_SALTED},{SALT}'.encode(),
        name="users.CSV",
    )

    assert told(done) == [
        "line 4: display_name: Only printable characters are allowed.",
        "line 5: email_verified: This is neither true nor false.",
        "line 6: line: has more cells than the first line",
    ]
    assert (await log_in(client, "ann@example.org")).status_code == 200
    assert (await log_in(client, "eve@example.org")).status_code == 200
    assert await execute(
        "SELECT email, email_verified_at IS NOT NULL, display_name FROM account ORDER BY email"
    ) == [("ann@example.org", True, ""), ("eve@example.org", False, "Eve, who is")]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b'"a"b', "after line 2: is no CSV"),
        (b"\xff", "line 3: is no UTF-8"),
        (b"x" * 70_000, "line 3: is longer"),
    ],
)
async def test_csv_that_cannot_be_read_on_ends_the_import(
    run: Run, execute: Execute, rest: bytes, reason: str
) -> None:
    done = await run(b"email", b"ann@example.org", rest, name="users.csv")

    assert done.exit_code == 2
    assert reason in done.stderr
    assert await execute("SELECT FROM account") == []


def test_a_file_is_read_as_it_comes(tmp_path: Path) -> None:
    """However many lines it has, there is one at a time."""
    file = tmp_path / "users.jsonl"
    file.write_text('{"email": "ann@example.org"}\n' * 3, encoding="utf-8")

    read = lines.read(file, is_peppered=False)

    (first,) = next(read)
    assert first.number == 1
    assert len(list(read)) == 2
