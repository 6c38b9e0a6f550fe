"""Secrets go through every route, right and wrong, and are then looked for everywhere else.

Whatever the table of permissions lists takes part, by its samples of the authorisation matrix.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql

from src import logs
from src.config import LimitSettings, LogSettings, RateSettings
from src.constants import Environment
from src.database import Transaction
from tests import mail
from tests.authorisation import world as worlds
from tests.authorisation.calling import Answer, call
from tests.authorisation.cases import Case, Operation, operations
from tests.authorisation.oracle import Transport
from tests.authorisation.samples import SAMPLES, Scene
from tests.authorisation.world import Who, Whose, World
from tests.conftest import Execute, RawConnection, app_for, kept_handlers, settings_for
from tests.core.test_tracing import Collector
from tests.secrecy.canaries import Canaries

LAST = ("delete_", "remove_", "revoke_", "log_out", "put_user_roles", "update_user")
"""What ends something comes last, for the others to meet it alive."""
CALLERS = (Who.OWNER, Who.OUTSIDER, Who.PLATFORM_ADMIN, Who.KEY)
MUST_SUCCEED = {
    *("sign_up", "log_in", "refresh_tokens", "get_session", "create_invitation"),
    *("list_audit_events", "get_user", "create_api_key"),
}
STATEMENT_LOG = ("log_statement", "all"), ("log_min_messages", "info")


@pytest.fixture
async def url(own_database_url: str) -> str:
    """A database whose server writes down every statement, with its parameters."""
    async with await psycopg.AsyncConnection.connect(own_database_url, autocommit=True) as conn:
        for name, value in STATEMENT_LOG:
            await conn.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(conn.info.dbname), sql.Identifier(name), sql.Literal(value)
                )
            )
    return own_database_url


@pytest.mark.committed
async def test_no_secret_turns_up_where_it_does_not_belong(
    url: str,
    raw: RawConnection,
    conn: Transaction,
    execute: Execute,
    collector: Collector,
    tmp_path: Path,
    are_compiled: bool,
) -> None:
    canaries = Canaries()
    path = tmp_path / "core-api.log"
    # Many wrong passwords and codes are sent for the same few people.
    rates = RateSettings(login_failures=0, login_failures_in_a_row=0, refresh_session=0)
    settings = settings_for(
        url,
        otel_exporter_otlp_traces_endpoint=collector.url,
        limits=LimitSettings(rates=rates),
    )
    size = await log_size(raw)
    problems: list[str] = []
    succeeded: set[str] = set()
    with kept_handlers():
        logs.configure(LogSettings(file=path, level="DEBUG"), Environment.TEST)
        app = app_for(settings, compiled=are_compiled)
        async with app.router.lifespan_context(app):
            world = await worlds.make(app, conn, execute, settings)
            canaries.remember({"key": world.callers[Who.KEY].token})
            for operation in ordered(app):
                # Whatever an operation has ended, the next one finds everybody signed in.
                await execute("UPDATE session SET revoked_at = NULL, revoke_reason = NULL")
                for answer in [
                    *await wrong_requests(app, operation, world, canaries),
                    *await right_requests(app, operation, world),
                ]:
                    canaries.harvest(answer)
                    assert answer.status != 500, (operation.name, answer.body)
                    if answer.status < 300:
                        succeeded.add(operation.name)
                    else:
                        problems.append(answer.body.decode())
            metrics = await call(app, "GET", "/metrics", headers=dict[str, str]())
            for message in await mail.messages(conn):
                canaries.remember(message.params)
        for handler in logging.getLogger().handlers:
            handler.flush()

    assert succeeded >= MUST_SUCCEED
    assert len(canaries.made) > 500
    assert len(canaries.handed_out) > 10
    places = {
        "the log": path.read_text(),
        "traces": str(collector.spans()),
        "metrics": metrics.body.decode(),
        "problems": "\n".join(problems),
        "the database's log": await log_since(raw, size),
        **await dumped(raw),
    }
    assert all(
        places[each] for each in ("the log", "traces", "metrics", "problems", "table session")
    )
    assert canaries.leaks(places) == []


def ordered(app: FastAPI) -> list[Operation]:
    return sorted(operations(app), key=lambda each: each.name.startswith(LAST))


async def wrong_requests(
    app: FastAPI, operation: Operation, world: World, canaries: Canaries
) -> list[Answer]:
    """Canaries in every place for a secret: as nobody, and as somebody who is let in."""
    answers = []
    for sample in SAMPLES[operation.name]:
        for who in CALLERS:
            scene = Scene(world, world.callers[who], world.places[Whose.OWN], Transport.BEARER)
            address = Case(operation, sample, who, Whose.OWN, Transport.BEARER).address(scene)
            if "{token}" in operation.path:
                address = operation.path.format(**canaries.names(["token"]))
            body = sample.body(scene) if sample.body is not None else None
            planted = body if isinstance(body, bytes) else canaries.planted(body)
            caller = {"authorization": f"Bearer {scene.caller.token}"}
            typed = {"content-type": "application/json", **sample.headers}
            for headers, content in (
                (canaries.headers(), planted),
                ({**canaries.headers(), **caller}, planted),
                (caller, canaries.new()),
                (caller, {"unknown": canaries.new(), "password": canaries.new()}),
            ):
                answers.append(
                    await call(
                        app,
                        operation.method,
                        address,
                        query=canaries.query(),
                        headers={**headers, **typed},
                        body=content
                        if isinstance(content, bytes)
                        else b""
                        if content is None
                        else json.dumps(content).encode(),
                    )
                )
    return answers


async def right_requests(app: FastAPI, operation: Operation, world: World) -> list[Answer]:
    return [
        await Case(operation, sample, who, Whose.OWN, transport).answer(app, world)
        for sample in SAMPLES[operation.name]
        for who in CALLERS
        for transport in (Transport.BEARER, Transport.COOKIE)
    ]


async def dumped(raw: RawConnection) -> Mapping[str, str]:
    """All that the database holds, the queue's tables included."""
    cursor = await raw.execute(
        "SELECT quote_ident(table_name) FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found: dict[str, str] = {}
    for (table,) in await cursor.fetchall():
        async with raw.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
            rows = [bytes(row) async for row in copy]
        found[f"table {table}"] = b"".join(rows).decode()
    return found


async def log_size(raw: RawConnection) -> int | None:
    """How long the server's log is; None where there is none of ours to read."""
    cursor = await raw.execute(
        "SELECT size FROM pg_stat_file(current_setting('data_directory') || '/log', true)"
        " WHERE NOT isdir"
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def log_since(raw: RawConnection, size: int | None) -> str:
    """What the server has written since then: statements and their parameters."""
    if size is None:
        return ""
    cursor = await raw.execute(
        "SELECT pg_read_binary_file(current_setting('data_directory') || '/log', %s, 500000000)",
        [size],
    )
    row = await cursor.fetchone()
    assert row is not None
    text = bytes(row[0]).decode("utf-8", "replace")
    assert "INSERT INTO session" in text, "the log does not hold the statements"
    return text


def test_what_leaks_is_found() -> None:
    canaries = Canaries()
    canary = canaries.new()
    canaries.remember({"tokens": {"access_token": "x" * 20}, "url": f"https://x.y/i/{'z' * 20}"})

    assert canaries.leaks({"here": "nothing", "there": f"a {canary} b"})[0].startswith(
        "canary in there"
    )
    assert len(canaries.leaks({"dump": canary.encode().hex()})) == 1
    assert len(canaries.leaks({"log": "x" * 20, "trace": f"/i/{'z' * 20}"})) == 2
    for before in range(20):
        assert len(canaries.leaks({"log": f"{'.' * before}{canary}", "else": canary[:-1]})) == 1
    planted = canaries.planted({"password": "one", "name": "two", "deep": [{"token": "three"}]})
    assert str(planted).count("canary") == 2
    assert "two" in str(planted)
