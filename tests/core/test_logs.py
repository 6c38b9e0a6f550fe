import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from src import logs
from src.config import LogSettings
from src.constants import Environment
from src.database import Connection
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
        yield lambda: [json.loads(line) for line in path.read_text().splitlines()]


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

    text = (tmp_path / "core-api.log").read_text()
    assert len(lines()) >= 12
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
