"""The limits that no service can pass: PostgreSQL alone, hashing alone, COPY alone."""

import http.client
import os
import re
import resource
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
from argon2 import PasswordHasher

from bench.dataset import PASSWORD
from bench.figures import Sample, percentile
from bench.load import cpu_seconds
from bench.processes import BenchError
from bench.service import Running
from bench.statements import Probe, as_sql
from demo import inventory
from scripts.postgres import PROGRAMS
from src.config import PasswordHashSettings

CLIENTS = 8
_FRESH_ID = "'01900000-0000-4000-8000-' || lpad(to_hex(:id{number}::bigint), 12, '0')"
_COUNTER = re.compile(r"refresh_counter = E'\d+'")
_TPS = re.compile(r"tps = ([\d.]+)")
_COUNT = re.compile(r"transactions actually processed: (\d+)")
_FAILED = re.compile(r"failed transactions: (\d+)")


def write_scripts(probes: Sequence[Probe], directory: Path) -> list[Path]:
    """The statements of each request as a script of pgbench, which makes ids of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, probe in enumerate(probes):
        lines = [f"\\set id{n} random(0, 281474976710655)" for n in range(len(probe.fresh))]
        lines += [f"{as_sql(sent, probe.fresh, _FRESH_ID)};" for sent in probe.statements]
        paths.append(directory / f"{number}.sql")
        paths[-1].write_text("\n".join([*lines, ""]))
    return paths


def write_turns(probes: Sequence[Probe], directory: Path) -> list[Path]:
    """One script in which each client of pgbench keeps to a session of its own.

    The counter of a refresh token moves with each turn: it is read, and then compared.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for number, probe in enumerate(probes):
        lines.append(f"\\{'elif' if number else 'if'} :client_id % {len(probes)} = {number}")
        texts = [as_sql(sent, probe.fresh, _FRESH_ID) for sent in probe.statements]
        is_compared = any(_COUNTER.search(text) for text in texts)
        for text in texts:
            is_read = is_compared and text.lstrip().startswith("SELECT session.id")
            put = _COUNTER.sub("refresh_counter = :s_refresh_counter", text)
            lines.append(f"{put} \\gset s_" if is_read else f"{put};")
    path = directory / "0.sql"
    path.write_text("\n".join([*lines, "\\endif", ""]))
    return [path]


def pgbench(scripts: Sequence[Path], url: str, postgres_pid: int, seconds: float) -> Sample:
    """The statements of the requests from CLIENTS sessions, prepared: no HTTP, no Python."""
    prefix = scripts[0].parent / "times"
    for old in prefix.parent.glob("times*"):
        old.unlink()
    command: list[str | Path] = [PROGRAMS / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS)]
    command += ["-j", "2", "-T", str(max(1, round(seconds))), "-l", "--sampling-rate", "0.1"]
    command += ["--log-prefix", prefix]
    for script in scripts:
        command += ["-f", script]
    before = cpu_seconds(postgres_pid)
    done = subprocess.run(  # noqa: S603  (PostgreSQL's own)
        [*command, url], capture_output=True, text=True, check=False
    )
    used = _cpu_in_the_end(postgres_pid) - before
    rate, count = _TPS.search(done.stdout), _COUNT.search(done.stdout)
    if done.returncode or rate is None or count is None or not int(count[1]):
        raise BenchError(f"pgbench failed: {(done.stdout + done.stderr)[-2000:]}")
    failed = _FAILED.search(done.stdout)
    times = sorted(
        float(line.split()[2]) / 1000
        for path in prefix.parent.glob("times*")
        for line in path.read_text().splitlines()
    )
    return Sample(
        rate=float(rate[1]),
        p50=percentile(times, 0.5),
        p99=percentile(times, 0.99),
        postgres_us=1e6 * used / int(count[1]),
        errors=int(failed[1]) if failed else 0,
    )


def argon2(seconds: float) -> Sample:
    """Verifying the password alone, on every core."""
    today = PasswordHashSettings()
    hasher = PasswordHasher(time_cost=today.iterations, memory_cost=today.memory_kib, parallelism=1)
    hashed = hasher.hash(PASSWORD)
    deadline = time.perf_counter() + seconds
    cores = os.cpu_count() or 1

    def work(_: int) -> int:
        count = 0
        while time.perf_counter() < deadline:
            hasher.verify(hashed, PASSWORD)
            count += 1
        return count

    with ThreadPoolExecutor(cores) as threads:
        return Sample(rate=sum(threads.map(work, range(cores))) / seconds)


def download(running: Running, path: str, token: str, postgres_pid: int) -> Sample:
    """Rows a second of one download through the API."""
    before = cpu_seconds(running.pid), cpu_seconds(postgres_pid)
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        rows = -1  # the titles are no row
        while chunk := response.read(1 << 20):
            rows += chunk.count(b"\n")
    finally:
        connection.close()
    seconds = time.perf_counter() - started
    if response.status != http.client.OK or rows < 1:
        raise BenchError(f"export: {response.status}, {rows} rows")
    after = cpu_seconds(running.pid), cpu_seconds(postgres_pid)
    return Sample(
        rate=rows / seconds,
        api_us=1e6 * (after[0] - before[0]) / rows,
        postgres_us=1e6 * (after[1] - before[1]) / rows,
    )


def copy(url: str, applet_id: str, rows: int, postgres_pid: int) -> Sample:
    """Rows a second of `psql` copying the same rows: the same columns, each from where it is kept.

    What it leaves out is ours to do: no rule for formulas, and scores by their place alone.
    """
    items = "".join(f", answer.payload #>> '{{{name},value}}'" for name in inventory.items())
    scores = "".join(
        f", answer.scores #>> '{{{number},value}}'" for number in range(len(inventory.scales()))
    )
    instants = "".join(
        f", replace(instant(submission.{name}_at), '.000000Z', 'Z')"
        for name in ("started", "completed", "received")
    )
    statement = (
        f"COPY (SELECT submission.id, version_copy.label, submission.account_id{instants},"
        f" submission.zone{items}{scores} FROM submission"
        " JOIN version_copy ON version_copy.applet_id = submission.applet_id"
        " AND version_copy.id = submission.applet_version_id"
        " JOIN answer ON answer.applet_id = submission.applet_id"
        " AND answer.submission_id = submission.id"
        f" WHERE submission.applet_id = '{applet_id}'"
        " ORDER BY submission.received_at, submission.id) TO STDOUT (FORMAT csv)"
    )
    before, own = cpu_seconds(postgres_pid), _cpu_of_ended()
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603  (PostgreSQL's own)
        [PROGRAMS / "psql", "--no-psqlrc", "--dbname", url, "--command", statement],
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - started
    copied = done.stdout.count(b"\n")
    if done.returncode or copied != rows:
        raise BenchError(f"psql copied {copied} rows of {rows}")
    return Sample(
        rate=rows / seconds,
        api_us=1e6 * (_cpu_of_ended() - own) / rows,
        postgres_us=1e6 * (_cpu_in_the_end(postgres_pid) - before) / rows,
    )


def _cpu_of_ended() -> float:
    """The CPU time of the processes that this one has started and seen end: psql, for one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_in_the_end(postgres_pid: int) -> float:
    """The CPU time of PostgreSQL, once it has taken leave of the sessions that have just ended."""
    time.sleep(0.3)
    return cpu_seconds(postgres_pid)


def exported_rows(url: str, applet_id: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT count(*) FROM submission WHERE applet_id = %s", [applet_id]
        ).fetchone()
    return int(row[0]) if row else 0
