"""What the database may do to a request, and the one door to it."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient, Response
from psycopg import errors
from pydantic import SecretStr

from src import embedded
from src.config import DatabaseSettings, Settings
from src.database import (
    Connection,
    NoRow,
    Pools,
    Transaction,
    closing,
    open_pools,
    sql,
    transaction,
)
from src.dependencies import Database
from src.dependencies import Transaction as TransactionOfRequest
from src.exceptions import BadRequest, Conflict, CoreError, Unavailable
from src.main import create_app
from src.teams import service as teams_service
from src.teams.exceptions import TeamNotFound
from src.teams.schemas import TeamId
from src.users import service as users_service
from tests import database, factories
from tests.conftest import Execute, MakeApp, settings_for
from tests.http import acting_as, client_of, problem


@sql("SELECT pg_sleep(%(seconds)s), pg_backend_pid() AS pid")
async def sleep(conn: Connection, *, seconds: float) -> "Slept": ...


@sql("SELECT name FROM team ORDER BY id")
async def team_names(conn: Connection) -> list[str]: ...


@sql("SELECT number FROM generate_series(1, %(last)s) AS number ORDER BY number")
def numbers(conn: Connection, *, last: int) -> AsyncIterator[int]: ...


@sql(
    "SELECT number + length(pg_sleep(CASE WHEN number > 200 THEN 0.001 ELSE 0 END)::text)"
    "  FROM generate_series(1, %(last)s) AS number"
)
def late_numbers(conn: Connection, *, last: int) -> AsyncIterator[int]: ...


@sql("SELECT 1 / %(number)s")
async def divide(conn: Connection, *, number: int) -> int: ...


@sql("SELECT name FROM team WHERE false")
async def nothing(conn: Connection) -> str: ...


class Slept(dict[str, object]):
    """Not looked at."""


@asynccontextmanager
async def serving(
    url: str, *, stream: float = 5.0, **changes: object
) -> AsyncIterator[tuple[FastAPI, AsyncClient, Pools]]:
    """An application with pools of other settings, and a client of it."""
    given = {"url": SecretStr(url), "stream_timeout": stream, **changes}
    settings = DatabaseSettings.model_validate(given)
    async with open_pools(settings) as pools:
        app = create_app(settings_for(url, database=settings), pools=pools)
        async with client_of(app) as client:
            yield app, client, pools
        app.state.authentication.hasher.close()


def come_back(response: Response) -> None:
    problem(response, 503, "database_unavailable")
    assert int(response.headers["retry-after"]) >= 1


async def write_a_team(conn: Database) -> None:
    ann = await factories.user(conn)
    await factories.team(conn, owner=ann, name="Herons")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_cannot_write_and_postgresql_says_so(
    make_app: MakeApp, conn: Connection, method: str
) -> None:
    app = make_app()
    app.add_api_route("/v1/write", write_a_team, methods=["GET", "POST"])

    async with client_of(app) as client:
        refused = await client.request(method, "/v1/write")
        assert refused.status_code == 500
        assert await team_names(conn) == []
        assert (await client.post("/v1/write")).status_code == 200

    assert await team_names(conn) == ["Herons"]


@pytest.mark.committed
async def test_in_production_too_reading_cannot_write(
    make_app: MakeApp, pools: Pools, conn: Connection
) -> None:
    app = make_app()
    app.add_api_route("/v1/write", write_a_team, methods=["GET", "POST"])
    for pool in (pools.read, pools.deciding, pools.stream):
        async with pool.connection() as borrowed:
            with pytest.raises(errors.ReadOnlySqlTransaction):
                await factories.user(borrowed)

    async with client_of(app) as client:
        assert (await client.get("/v1/write")).status_code == 500
        assert await team_names(conn) == []
        assert (await client.post("/v1/write")).status_code == 200

    assert await team_names(conn) == ["Herons"]


class Kept(Conflict):
    """Keeps what was written before it."""

    commits = True


@pytest.mark.committed
@pytest.mark.parametrize(
    ("failure", "left"), [(Conflict, []), (Kept, ["Herons"]), (RuntimeError, [])]
)
async def test_a_failed_request_leaves_nothing_unless_it_says_so(
    make_app: MakeApp, conn: Connection, failure: type[Exception], left: list[str]
) -> None:
    async def fail(conn: TransactionOfRequest) -> None:
        await write_a_team(conn)
        raise failure()

    app = make_app()
    app.add_api_route("/v1/fail", fail, methods=["POST"])
    async with client_of(app) as client:
        response = await client.post("/v1/fail")

    assert response.status_code == (409 if issubclass(failure, CoreError) else 500)
    assert await team_names(conn) == left


@pytest.mark.committed
async def test_an_answer_leaves_after_the_commit(make_app: MakeApp, execute: Execute) -> None:
    await execute(
        "ALTER TABLE team ADD CONSTRAINT team_late_check UNIQUE (name) DEFERRABLE"
        " INITIALLY DEFERRED"
    )

    async def collide(conn: Database) -> None:
        await write_a_team(conn)
        await write_a_team(conn)

    app = make_app()
    app.add_api_route("/v1/collide", collide, methods=["POST"])
    async with client_of(app) as client:
        response = await client.post("/v1/collide")

    assert response.status_code == 500, response.text


async def test_a_statement_says_what_it_returns(conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    assert await teams_service.get(conn, team_id=team.id, user_id=ann.id) == team
    with pytest.raises(TeamNotFound):
        await teams_service.get(conn, team_id=TeamId(ann.id), user_id=ann.id)
    with pytest.raises(NoRow):
        await nothing(conn)


async def test_a_block_inside_a_transaction_can_fail_alone(conn: Transaction) -> None:
    async with transaction(conn):
        ann = await factories.user(conn)
        with pytest.raises(BadRequest):  # noqa: PT012
            async with transaction(conn):
                await factories.team(conn, owner=ann)
                await divide(conn, number=0)

    assert await team_names(conn) == []
    assert (await users_service.get(conn, user_id=ann.id)).id == ann.id


@pytest.mark.committed
async def test_a_stream_gives_rows_as_they_are_wanted(pools: Pools) -> None:
    got = 0
    async with pools.stream.transaction() as conn:
        async for number in numbers(conn, last=1_000_000):
            got += 1
            assert number == got
            if got == 1200:
                break

    assert got == 1200


@pytest.mark.committed
async def test_a_stream_that_is_left_early_leaves_its_transaction_as_it_was(pools: Pools) -> None:
    async with pools.stream.transaction() as conn:
        async with closing(late_numbers(conn, last=1_000)) as found:
            assert await anext(found) == 1
            await asyncio.sleep(0.05)  # the next batch is being read

        assert await divide(conn, number=1) == 1


@pytest.mark.committed
async def test_a_stream_reads_ahead_while_its_rows_are_used(pools: Pools) -> None:
    async with (
        pools.stream.transaction() as conn,
        closing(late_numbers(conn, last=400)) as found,
    ):
        assert await anext(found) == 1
        await asyncio.sleep(0.6)
        started = time.monotonic()
        assert [number async for number in found] == list(range(2, 401))

        assert time.monotonic() - started < 0.15  # the second batch alone takes 0.2


async def test_a_full_pool_sends_callers_away(own_database_url: str) -> None:
    async with serving(own_database_url, pool_size=1) as (_, client, pools):
        assert (await client.get("/.well-known/jwks.json")).status_code == 200
        new = {"email": "ann@example.org", "password": factories.PASSWORD}
        async with pools.write.connection():
            started = time.monotonic()
            come_back(await client.post("/v1/auth/signup", json=new))
            assert 1.5 < time.monotonic() - started < 8
        assert (await client.post("/v1/auth/signup", json=new)).status_code == 201


@pytest.mark.committed
async def test_a_slow_statement_is_stopped(url: str, conn: Connection, raw: object) -> None:
    ann = await factories.user(conn)
    async with (
        serving(url, statement_timeout=0.3) as (_, client, _),
        await psycopg.AsyncConnection.connect(url) as other,
    ):
        assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
        await other.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
        come_back(await client.get("/v1/users/me", headers=acting_as(ann)))
        await other.rollback()
        assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200


@pytest.mark.committed
async def test_a_write_waits_for_a_lock_and_not_for_ever(url: str, conn: Connection) -> None:
    ann = await factories.user(conn)
    body = {"refresh_token": ann.refresh_token}
    async with (
        serving(url, lock_timeout=0.2) as (_, client, _),
        await psycopg.AsyncConnection.connect(url) as other,
    ):
        await other.execute("SELECT 1 FROM session FOR UPDATE")
        come_back(await client.post("/v1/auth/token/refresh", json=body))
        await other.rollback()
        response = await client.post("/v1/auth/token/refresh", json=body)
        assert response.status_code == 200


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="the server may be elsewhere")
@pytest.mark.skipif("TEST_DATABASE" in os.environ, reason="the server is in a container")
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_server_that_hangs_does_not_hang_its_callers(
    own_database_url: str, kind: str
) -> None:
    async with serving(own_database_url, pool_size=1, statement_timeout=0.1) as (_, client, pools):
        async with pools.write.connection() as conn:
            ann = await factories.user(conn)

        async def ask() -> Response:
            if kind == "read":
                return await client.get("/v1/users/me", headers=acting_as(ann))
            body = {"refresh_token": ann.refresh_token}
            return await client.post("/v1/auth/token/refresh", json=body)

        assert (await ask()).status_code == 200
        async with await psycopg.AsyncConnection.connect(own_database_url) as other:
            cursor = await other.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name LIKE %s",
                [f"core-api {kind}%"],
            )
            pids = [row[0] for row in await cursor.fetchall()]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            started = time.monotonic()
            come_back(await ask())
            assert time.monotonic() - started < 5
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert (await ask()).status_code == 200


async def test_a_lost_database_is_missed_and_found_again(
    own_database_url: str, server: database.Server
) -> None:
    name = urlsplit(own_database_url).path.strip("/")
    lose = (
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    async with serving(own_database_url) as (_, client, pools):
        async with pools.write.connection() as conn:
            ann = await factories.user(conn)
        database.run(server.url, *(psycopg.sql.SQL(text) for text in lose))  # type: ignore[arg-type]

        body = {"identifier": ann.email, "password": ann.password}
        *refused, ready = await asyncio.gather(
            client.get("/v1/users/me", headers=acting_as(ann)),
            client.get("/v1/teams", headers=acting_as(ann)),
            client.post("/v1/teams", json={"name": "Birds"}, headers=acting_as(ann)),
            client.post("/v1/auth/login", json=body),
            client.get("/health/ready"),
        )
        for response in refused:
            come_back(response)
        assert ready.status_code == 503
        assert (await client.get("/health/live")).status_code == 200

        database.run(
            server.url,
            psycopg.sql.SQL(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"),  # type: ignore[arg-type]
        )
        await found(client, ann)


async def found(client: AsyncClient, user: factories.User) -> None:
    """Wait until reading and writing work again, with nobody doing anything for it."""
    deadline = time.monotonic() + 10
    while True:
        read = await client.get("/v1/users/me", headers=acting_as(user))
        written = await client.post("/v1/teams", json={"name": "x"}, headers=acting_as(user))
        if (read.status_code, written.status_code) == (200, 201):
            return
        for response in (read, written):
            assert response.status_code in {200, 201, 503}, response.text
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


@pytest.mark.slow
async def test_a_server_that_restarts_is_found_again() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "postgres"
        with embedded.server(data) as url:
            await asyncio.to_thread(database.migrate, url)
            async with serving(url) as (_, client, pools):
                async with pools.write.connection() as conn:
                    ann = await factories.user(conn)
                pid = int((data / "postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGQUIT)
                await asyncio.sleep(1)
                come_back(await client.get("/v1/users/me", headers=acting_as(ann)))
                with embedded._running(data):
                    await found(client, ann)


async def test_access_is_decided_on_the_primary_and_the_rest_read_from_the_replica(
    own_database_url: str, database_url: str
) -> None:
    replica = SecretStr(database_url)  # an empty one, to tell them apart
    async with serving(own_database_url, replica_url=replica) as (_, client, pools):
        async with pools.write.connection() as conn:
            ann = await factories.user(conn)
        assert pools.named().keys() == {"write", "read", "stream", "deciding"}

        # What was just made is known by its id, whatever the replica lacks.
        assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
        team = await client.post("/v1/teams", json={"name": "Birds"}, headers=acting_as(ann))
        shown = await client.get(team.headers["location"], headers=acting_as(ann))
        assert (shown.status_code, shown.json()) == (200, team.json())
        listed = await client.get("/v1/teams", headers=acting_as(ann))
        assert listed.json()["items"] == []


async def test_an_unreachable_database_is_unavailable(settings: Settings) -> None:
    nowhere = DatabaseSettings(url=SecretStr("postgresql://x@127.0.0.1:9/x"))

    async with open_pools(nowhere) as pools:
        with pytest.raises(Unavailable):
            async with pools.read.connection():
                pass
