import asyncio
import json
import logging
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from httpx2 import AsyncClient

from src import lines as log_lines
from src import logs
from src.config import LogSettings
from src.constants import Environment
from src.database import Connection
from src.lines import File, LineHandler
from tests import factories
from tests.conftest import MakeApp, kept_handlers
from tests.http import acting_as, bearer, client_of

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """What the service writes to its log file, line by line."""
    path = tmp_path / "core-api.log"
    with kept_handlers():
        logs.configure(LogSettings(file=path), Environment.TEST)

        def written() -> list[dict[str, Any]]:
            for handler in logging.getLogger().handlers:
                handler.flush()
            return [json.loads(line) for line in path.read_text().splitlines()]

        yield written


async def test_every_request_leaves_one_line(client: AsyncClient, lines: Lines) -> None:
    response = await client.get("/v1/nothing?email=ann@example.org")

    (line,) = [line for line in lines() if line["event"] == "request"]
    body = response.json()
    assert line["request_id"] == body["request_id"] == response.headers["x-request-id"]
    assert line["trace_id"] == body["trace_id"]
    assert (line["method"], line["path"], line["status"], line["operation"]) == (
        "GET",
        "/v1/nothing",
        404,
        "unknown",
    )
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")
    assert 0 < line["ms"] < 60_000


async def test_a_line_of_a_library_carries_the_ids_too(make_app: MakeApp, lines: Lines) -> None:
    async def speak() -> None:
        logging.getLogger("some.library").warning("odd: %s", "heron", extra={"password": "x7"})

    app = make_app()
    app.add_api_route("/v1/speak", speak)
    async with client_of(app) as client:
        response = await client.get("/v1/speak")

    (line,) = [line for line in lines() if line["logger"] == "some.library"]
    assert line["event"] == "odd: heron"
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["password"] == "***"


async def test_no_secret_reaches_the_log(
    client: AsyncClient, conn: Connection, lines: Lines, tmp_path: Path
) -> None:
    password, wrong = "nine swifts above the river", "canary-in-a-wrong-password"
    signed_up = await client.post(
        "/v1/auth/signup", json={"email": "ann@example.org", "password": password}
    )
    tokens = signed_up.json()["tokens"]
    spent = tokens["refresh_token"]
    ann = bearer(tokens["access_token"])
    for secret in (password, wrong, "short"):
        body = {"identifier": "ann@example.org", "password": secret, "extra": secret}
        await client.post("/v1/auth/login", json=body)
        body.pop("extra")
        await client.post("/v1/auth/login", json=body)
    for path in ("/v1/auth/token/refresh", "/v1/auth/logout"):
        await client.post(path, json={"refresh_token": spent}, headers=ann)
    await client.get(f"/v1/users/me?access_token={tokens['access_token']}", headers=ann)
    await client.get("/v1/users/me", headers=bearer("canary-in-a-token"))
    await client.get("/v1/teams", headers={"Cookie": "core_at=canary-in-a-cookie"})
    await client.post("/v1/auth/login", content=b'{"password": "canary-in-a-body')

    assert len(lines()) >= 12
    text = (tmp_path / "core-api.log").read_text()
    for secret in (password, wrong, tokens["access_token"], spent, "canary"):
        assert secret not in text
    assert "ann@example.org" not in text


@pytest.mark.parametrize("name", ["password", "new_password", "access_token", "Authorization"])
def test_a_value_whose_name_says_secret_is_masked(lines: Lines, name: str) -> None:
    logs.get_logger("core_api").info("noted", **{name: "heron-7", "team": "Birds"})

    (line,) = lines()
    assert (line[name], line["team"]) == ("***", "Birds")


async def test_a_traceback_shows_no_variables(make_app: MakeApp, lines: Lines) -> None:
    async def fail(code: str) -> None:
        password = f"heron-{code}"
        raise RuntimeError(f"no place for {len(password)}")

    app = make_app()
    app.add_api_route("/v1/fail", fail)
    async with client_of(app) as client:
        response = await client.get("/v1/fail?code=7")

    (line,) = [line for line in lines() if line["event"] == "unhandled"]
    assert line["level"] == "error"
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert "heron-7" not in json.dumps(line)


async def test_nobody_writes_lines_of_their_own(client: AsyncClient, lines: Lines) -> None:
    await client.get('/v1/a%0A{"event":"forged"}%1b[31m')

    entries = lines()
    assert [entry["event"] for entry in entries if entry["logger"] == "core_api.access"] == [
        "request"
    ]


async def test_text_lines_cannot_be_forged_either(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with kept_handlers():
        logs.configure(LogSettings(format="text"), Environment.LOCAL)
        await client.get("/v1/a%0A2026-01-01 forged%1b[31m")

    text = capsys.readouterr().err
    assert "/v1/a" in text
    assert "\n2026-01-01 forged" not in text
    assert "\x1b[31m" not in text


async def test_a_level_is_a_threshold(
    client: AsyncClient, conn: Connection, tmp_path: Path
) -> None:
    ann = await factories.user(conn)
    path = tmp_path / "quiet.log"
    with kept_handlers():
        logs.configure(LogSettings(file=path, level="WARNING"), Environment.TEST)
        await client.get("/v1/users/me", headers=acting_as(ann))

    assert path.read_text() == ""


async def test_a_line_after_the_request_carries_no_ids(client: AsyncClient, lines: Lines) -> None:
    await client.get("/v1/ping")
    logs.get_logger("core_api").info("idle")

    (line,) = [line for line in lines() if line["event"] == "idle"]
    assert "request_id" not in line
    assert "trace_id" not in line


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_line_of_a_request_looks_like_any_other(
    form: Literal["json", "text"], capsys: pytest.CaptureFixture[str]
) -> None:
    said: dict[str, Any] = {"method": "G'ET", "operation": "get_me", "status": 200}
    ids = ("01a1fcca-897c-7181-b840-59a232c71678", "07a5bb016724f75766c608dc6d3f1e1a")
    path = '/v1/"a" =%0A\\\xe9\x00'
    with kept_handlers():
        logs.configure(LogSettings(format=form), Environment.TEST)
        token = logs.current_request.set(ids)
        logs.answered(path=path, seconds=0.01234, request_id=ids[0], trace_id=ids[1], **said)
        logs.get_logger("core_api.access").info("request", path=path, ms=12.34, **said)
        logs.current_request.reset(token)

    ours, others = (
        re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "NOW", line)
        for line in capsys.readouterr().err.splitlines()
    )
    assert "NOW" in ours
    if form == "json":
        assert json.loads(ours) == json.loads(others)
    else:
        assert ours == others


class Sink:
    """A place that takes nothing while it is stalled."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.flowing = threading.Event()
        self.flowing.set()
        self.is_broken = False

    def write(self, data: bytes) -> None:
        self.flowing.wait(10)
        if self.is_broken:
            raise OSError("no space left")
        self.lines += data.decode().splitlines()

    def close(self) -> None: ...


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def handler(sink: Sink) -> Iterator[LineHandler[int]]:
    """The handler of everything that is logged; a number put there is a line too."""
    with kept_handlers():
        handler = LineHandler[int](sink, logging.Formatter("%(message)s"), "{}\n".format)
        logging.getLogger().handlers = [handler]
        yield handler
        sink.flowing.set()


def test_a_line_is_written_soon(sink: Sink, handler: LineHandler[int]) -> None:
    handler.put(1)
    for _ in range(200):
        time.sleep(0.01)
        if sink.lines:
            break

    assert sink.lines == ["1"]


def test_many_lines_keep_their_order(sink: Sink, handler: LineHandler[int]) -> None:
    for number in range(5000):
        if number % 1000 == 500:
            logging.getLogger("core_api").warning("%d", number)
        else:
            handler.put(number)
    handler.flush()

    assert sink.lines == [str(number) for number in range(5000)]
    assert handler.dropped == 0


async def test_nobody_waits_for_a_stalled_disk(
    client: AsyncClient, sink: Sink, handler: LineHandler[int]
) -> None:
    sink.flowing.clear()
    handler.put(0)
    await asyncio.sleep(0.5)

    before = time.perf_counter()
    for number in range(1, 20_001):
        handler.put(number)
    assert time.perf_counter() - before < 2
    assert handler.dropped == 10_000
    assert "\nlog_lines_dropped_total 10000.0\n" in (await client.get("/metrics")).text
    sink.flowing.set()
    handler.flush()

    assert sink.lines[:10_001] == [str(number) for number in range(10_001)]


def test_what_cannot_be_written_is_counted(sink: Sink, handler: LineHandler[int]) -> None:
    sink.is_broken = True
    handler.put(1)
    handler.put(2)
    handler.flush()
    sink.is_broken = False
    handler.put(3)
    handler.flush()

    assert sink.lines == ["3"]
    assert handler.dropped == log_lines.dropped() == 2


def test_an_error_is_written_before_anything_else_happens(
    sink: Sink, handler: LineHandler[int]
) -> None:
    handler.put(1)
    logging.getLogger("core_api").error("broken")

    assert sink.lines == ["1", "broken"]


def test_there_is_always_room_for_an_error(sink: Sink, handler: LineHandler[int]) -> None:
    sink.flowing.clear()
    for number in range(11_000):
        handler.put(number)
    for number in range(3):
        logging.getLogger("core_api").error("broken %d", number)
    sink.flowing.set()
    handler.flush()

    assert sink.lines[-3:] == ["broken 0", "broken 1", "broken 2"]


def test_a_closed_handler_has_written_everything(sink: Sink, handler: LineHandler[int]) -> None:
    handler.put(1)
    handler.close()
    assert sink.lines == ["1"]

    handler.put(2)
    assert sink.lines == ["1", "2"]


def test_a_full_file_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "core-api.log"
    file = File(path, max_bytes=100)
    for number in range(12):
        file.write(f"{number:039}\n".encode())
    file.close()

    found = {each.name: each.read_text().split() for each in tmp_path.iterdir()}
    assert {name: [int(line) for line in text] for name, text in found.items()} == {
        "core-api.log": [10, 11],
        "core-api.log.1": [8, 9],
        "core-api.log.2": [6, 7],
        "core-api.log.3": [4, 5],
    }
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


PROCESS = """
import sys, time
from src import logs
from src.config import LogSettings
from src.constants import Environment

logs.configure(LogSettings(), Environment.TEST)
for number in range(int(sys.argv[1])):
    logs.answered(
        method="GET", path="/v1/ping", operation="ping", status=200, seconds=0.001,
        request_id=str(number), trace_id="",
    )
print("done", flush=True)
sys.exit(3)
"""


def start(count: int) -> subprocess.Popen[bytes]:
    """A process that logs so many requests and exits."""
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def test_the_last_lines_of_a_process_are_written() -> None:
    with start(150) as process:
        _, text = process.communicate(timeout=20)

    assert process.returncode == 3
    ids = [json.loads(line)["request_id"] for line in text.splitlines()]
    assert ids == [str(number) for number in range(150)]


def test_a_process_whose_lines_nobody_reads_ends_all_the_same() -> None:
    with start(15_000) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"done\n"
        assert process.wait(20) == 3
