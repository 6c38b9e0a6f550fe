"""Single statements of many callers on few connections."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr

from src import embedded
from src.config import DatabaseSettings
from src.database import Connection, Json, Pool, Pools, libpq, open_pools, sql
from src.exceptions import BadRequest, Busy, Conflict, Unavailable
from src.teams.constants import Role
from tests import database
from tests.conftest import Execute

pytestmark = pytest.mark.committed

A_LANE = "core-api read lane"


class Taken(Conflict):
    """The name is taken."""


@dataclass(slots=True)
class Everything:
    """A value of every type that a column of ours has."""

    an_id: UUID
    ids: list[UUID]
    a_text: str
    texts: list[str]
    nothing: str | None
    a_number: int
    a_large_number: int
    a_fraction: float
    a_decimal: Decimal
    is_so: bool
    some_bytes: bytes
    an_instant: datetime
    a_day: date
    a_while: timedelta
    an_object: dict[str, Any]
    a_role: Role


@dataclass(slots=True)
class Built:
    count: int
    items: Json[list[int]]
    object: Json[dict[str, int]]


@sql(
    """
    SELECT %(an_id)s::uuid AS an_id, %(ids)s::uuid[] AS ids, %(a_text)s::text AS a_text,
           %(texts)s::text[] AS texts, %(nothing)s::text AS nothing, %(a_number)s::int AS a_number,
           %(a_large_number)s::bigint AS a_large_number, %(a_fraction)s::float8 AS a_fraction,
           %(a_decimal)s::numeric AS a_decimal, %(is_so)s::bool AS is_so,
           %(some_bytes)s::bytea AS some_bytes, %(an_instant)s::timestamptz AS an_instant,
           %(a_day)s::date AS a_day, %(a_while)s::interval AS a_while,
           %(an_object)s::jsonb AS an_object, %(a_role)s::text AS a_role
    """
)
async def echo(
    conn: Connection,
    *,
    an_id: UUID,
    ids: list[UUID],
    a_text: str,
    texts: list[str],
    nothing: str | None,
    a_number: int,
    a_large_number: int,
    a_fraction: float,
    a_decimal: Decimal,
    is_so: bool,
    some_bytes: bytes,
    an_instant: datetime,
    a_day: date,
    a_while: timedelta,
    an_object: dict[str, Any],
    a_role: Role,
) -> Everything: ...


@sql(
    """
    SELECT 2 AS count, json_agg(number ORDER BY number) AS items, '{"b": 1}'::jsonb AS object
      FROM generate_series(1, %(last)s) AS number
    """
)
async def build(conn: Connection, *, last: int) -> Built: ...


@sql("SELECT pg_backend_pid() FROM (SELECT pg_sleep(%(seconds)s)) AS slept")
async def sleep(conn: Connection, *, seconds: float) -> int: ...


@sql("SELECT current_setting('application_name') FROM (SELECT pg_sleep(%(seconds)s)) AS slept")
async def learn(conn: Connection, *, seconds: float) -> str: ...


@sql("SELECT pg_backend_pid()")
async def pid_of(conn: Connection) -> int: ...


@sql("SELECT pg_backend_pid() FROM (SELECT pg_sleep(%(seconds)s)) AS slept", slow=True)
async def sleep_long(conn: Connection, *, seconds: float) -> int: ...


@sql("SELECT current_setting('application_name') FROM (SELECT pg_sleep(%(seconds)s)) AS slept")
async def who(conn: Connection, *, seconds: float) -> str: ...


@sql("SELECT 60 / %(number)s WHERE %(text)s LIKE '%%'")
async def divide(conn: Connection, *, number: int, text: str) -> int: ...


@sql("SELECT name FROM kept WHERE name = %(name)s")
async def find(conn: Connection, *, name: str) -> str | None: ...


@sql("INSERT INTO kept (name) VALUES (%(name)s)", constraints={"kept_pkey": Taken})
async def keep(conn: Connection, *, name: str) -> None: ...


@sql("INSERT INTO kept (name) SELECT %(name)s FROM (SELECT pg_sleep(%(seconds)s)) AS slept")
async def keep_slowly(conn: Connection, *, name: str, seconds: float) -> int: ...


@sql("DEALLOCATE ALL")
async def forget(conn: Connection) -> None: ...


@sql("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE %(prefix)s")
async def prepared(conn: Connection, *, prefix: str) -> int: ...


@sql(
    """
    SELECT generic_plans || ' ' || custom_plans
      FROM pg_prepared_statements
     WHERE strpos(statement, 'SELECT 60') > 0
       AND strpos(statement, 'strpos') = 0
    """
)
async def plans(conn: Connection) -> str: ...


@asynccontextmanager
async def opened(url: str, **changes: object) -> AsyncIterator[Pools]:
    """Pools of other settings, once their lanes are open."""
    settings = DatabaseSettings.model_validate({"url": SecretStr(url), **changes})
    async with open_pools(settings) as pools:
        await lanes_open(pools.read, settings.read_lanes)
        await lanes_open(pools.write, settings.write_lanes)
        yield pools


async def lanes_open(pool: Pool, count: int) -> None:
    async with asyncio.timeout(10):
        while pool.stats()["lanes_open"] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
async def table(execute: Execute) -> None:
    await execute("CREATE TABLE kept (name text PRIMARY KEY)")


def everything() -> dict[str, Any]:
    return {
        "an_id": uuid4(),
        "ids": [uuid4(), uuid4()],
        "a_text": "Äpfel\n😀%",
        "texts": ["a,b", "", '"'],
        "nothing": None,
        "a_number": -7,
        "a_large_number": 2**60,
        "a_fraction": 0.1,
        "a_decimal": Decimal("1.50"),
        "is_so": True,
        "some_bytes": b"\0\xff",
        "an_instant": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        "a_day": date(2026, 1, 2),
        "a_while": timedelta(days=1, seconds=2.5),
        "an_object": {"a": [1, 2.5, None, "x"]},
        "a_role": Role.ADMIN,
    }


@pytest.mark.parametrize("prepare", [True, False])
async def test_values_come_back_as_they_do_from_the_pool(url: str, prepare: bool) -> None:
    given = everything()
    async with opened(url, prepare=prepare) as pools:
        for conn in (pools.read.single, pools.write.single):
            for _ in range(3):  # the first as text, the others in binary
                assert await echo(conn, **given) == Everything(**given)
        async with pools.read.connection() as conn:
            assert await echo(conn, **given) == Everything(**given)


async def test_without_a_function_of_libpq_each_statement_is_sent_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert libpq.send_pipeline_sync() is not None  # it is there where the tests run
    libpq.send_pipeline_sync.cache_clear()
    monkeypatch.setattr(libpq, "_MAPS", Path("/nonexistent"))
    given = everything()
    try:
        async with opened(url, read_lanes=1) as pools:
            found = await asyncio.gather(*(echo(pools.read.single, **given) for _ in range(50)))
            assert found == [Everything(**given)] * 50
            with pytest.raises(BadRequest):
                await divide(pools.read.single, number=0, text="x")
            assert await divide(pools.read.single, number=1, text="x") == 60
    finally:
        libpq.send_pipeline_sync.cache_clear()


async def test_json_is_passed_on_as_it_was_built(pools: Pools) -> None:
    built = Built(2, Json(b"[1, 2, 3]"), Json(b'{"b": 1}'))
    for _ in range(3):
        assert await build(pools.read.single, last=3) == built
    async with pools.read.connection() as conn:
        assert await build(conn, last=3) == built


async def test_many_callers_share_few_connections(url: str) -> None:
    async with opened(url, read_lanes=3, pool_size=1) as pools:
        pids = await asyncio.gather(*(pid_of(pools.read.single) for _ in range(200)))

    assert len(set(pids)) <= 3


async def test_where_all_lanes_are_busy_the_statements_of_a_turn_leave_four_at_a_time(
    url: str,
) -> None:
    async with opened(url, write_lanes=2) as pools:
        pids = await asyncio.gather(*(pid_of(pools.write.single) for _ in range(10)))
        lone = [await pid_of(pools.write.single) for _ in range(2)]

    first, second = pids[:2]
    assert first != second
    assert pids[2:] == [first] * 4 + [second] * 4
    assert lone == [first] * 2


async def test_each_statement_stands_or_falls_alone(pools: Pools) -> None:
    async def tried(number: int, text: str) -> int | type[Exception]:
        try:
            return await divide(pools.write.single, number=number, text=text)
        except BadRequest as exc:
            return type(exc)

    given = [(number, text) for number in (0, 1, 2) for text in ("x", "\0", "\ud800")] * 10
    found = await asyncio.gather(*(tried(number, text) for number, text in given))

    assert found == [
        60 // number if number and text == "x" else BadRequest for number, text in given
    ]


async def test_a_read_lane_cannot_write(pools: Pools, table: None) -> None:
    with pytest.raises(errors.ReadOnlySqlTransaction):
        await keep(pools.read.single, name="a")

    assert await find(pools.read.single, name="a") is None


async def test_constraints_are_translated_and_what_is_answered_is_kept(
    pools: Pools, table: None, execute: Execute
) -> None:
    outcomes = await asyncio.gather(
        *(keep(pools.write.single, name=f"n{i // 2}") for i in range(40)), return_exceptions=True
    )

    assert sorted(map(repr, outcomes)) == [*["None"] * 20, *[repr(Taken())] * 20]
    assert await execute("SELECT count(*) FROM kept") == [(20,)]


async def test_an_answer_waits_for_the_commit(pools: Pools, execute: Execute) -> None:
    await execute(
        "CREATE TABLE kept (name text, CONSTRAINT kept_pkey UNIQUE (name) INITIALLY DEFERRED)"
    )
    await keep(pools.write.single, name="a")

    outcomes = await asyncio.gather(
        keep(pools.write.single, name="a"),
        keep(pools.write.single, name="b"),
        keep(pools.write.single, name="a"),
        keep(pools.write.single, name="c"),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [Taken, type(None), Taken, type(None)]
    assert await execute("SELECT name FROM kept ORDER BY name") == [("a",), ("b",), ("c",)]


async def test_a_slow_statement_holds_nobody_up(url: str) -> None:
    async with opened(url, read_lanes=2) as pools:
        conn = pools.read.single
        await asyncio.gather(*(who(conn, seconds=0) for _ in range(20)))
        slow = asyncio.create_task(who(conn, seconds=1))
        await asyncio.sleep(0.05)

        began = time.monotonic()
        for _ in range(100):
            assert await who(conn, seconds=0) == A_LANE
        assert time.monotonic() - began < 0.9
        assert not slow.done()
        await slow


async def test_what_often_takes_long_leaves_the_lanes_until_it_is_faster(pools: Pools) -> None:
    conn = pools.read.single
    names = [await learn(conn, seconds=0.12) for _ in range(5)]
    assert names == [*[A_LANE] * 3, *["core-api read"] * 2]

    names = [await learn(conn, seconds=0) for _ in range(5)]
    assert names == [*["core-api read"] * 3, *[A_LANE] * 2]


async def test_a_statement_declared_slow_never_comes_near_a_lane(
    url: str, pools: Pools, execute: Execute
) -> None:
    waiting = asyncio.create_task(sleep_long(pools.read.single, seconds=0.5))
    await asyncio.sleep(0.2)

    sleeping = await execute(
        "SELECT application_name FROM pg_stat_activity"
        " WHERE query LIKE '%%pg_sleep($1)%%' AND state = 'active' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    assert sleeping == [("core-api read",)]
    await waiting


async def test_when_every_lane_is_held_up_the_pool_serves(url: str) -> None:
    async with opened(url, read_lanes=2) as pools:
        conn = pools.read.single
        held = []
        for _ in range(2):
            held.append(asyncio.create_task(who(conn, seconds=0.8)))
            await asyncio.sleep(0.15)

        assert await who(conn, seconds=0) == "core-api read"
        await asyncio.gather(*held)


async def test_a_full_lane_sends_callers_away(url: str) -> None:
    async with opened(url, read_lanes=1, lane_depth=5) as pools:
        outcomes = await asyncio.gather(
            *(who(pools.read.single, seconds=0.001) for _ in range(20)), return_exceptions=True
        )
        again = await who(pools.read.single, seconds=0)
        shed = pools.read.stats()["statements_shed"]

    assert [outcome for outcome in outcomes if outcome == A_LANE] == [A_LANE] * 5
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == shed == 15
    assert again == A_LANE


async def test_a_caller_who_leaves_disturbs_nobody(url: str, table: None) -> None:
    async with opened(url, write_lanes=1) as pools:
        conn = pools.write.single
        leaving = asyncio.create_task(keep_slowly(conn, name="left", seconds=0.1))
        staying = [asyncio.create_task(keep_slowly(conn, name=f"{i}", seconds=0)) for i in range(5)]
        await asyncio.sleep(0.05)
        leaving.cancel()

        assert await asyncio.gather(*staying) == [1] * 5
        assert await find(conn, name="left") == "left"  # what was sent has been done


async def ended(server: Awaitable[Any], *callers: asyncio.Task[Any]) -> list[Any]:
    await asyncio.sleep(0.2)
    await server
    return await asyncio.gather(*callers, return_exceptions=True)


async def test_a_lost_lane_is_unavailable_and_then_open_again(
    url: str, execute: Execute, table: None
) -> None:
    async with opened(url, write_lanes=1, pool_size=1) as pools:
        conn = pools.write.single
        await keep(conn, name="before")
        running = asyncio.create_task(keep_slowly(conn, name="running", seconds=5))
        behind = [asyncio.create_task(keep(conn, name=f"behind {i}")) for i in range(5)]

        outcomes = await ended(
            execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'core-api write lane' AND state = 'active'"
            ),
            running,
            *behind,
        )
        assert [type(outcome) for outcome in outcomes] == [Unavailable] * 6
        await until_available(keep, pools.write, name="after")

    assert await execute("SELECT name FROM kept ORDER BY name") == [("after",), ("before",)]


async def until_available(statement: Any, pool: Pool, **given: object) -> Any:
    deadline = time.monotonic() + 5
    while True:
        try:
            return await statement(pool.single, **given)
        except Unavailable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


async def test_what_is_waited_for_too_long_is_given_up(url: str, execute: Execute) -> None:
    async with opened(url, read_lanes=1, pool_size=1, statement_timeout=0.2) as pools:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await sleep(pools.read.single, seconds=5)  # the server stops it
        assert time.monotonic() - began < 1

        pid = await pid_of(pools.read.single)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable):
                await pid_of(pools.read.single)  # it does not answer any more
            assert await until_available(pid_of, pools.read) != pid
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_without_a_server_nobody_waits() -> None:
    nowhere = DatabaseSettings(url=SecretStr("postgresql://x@127.0.0.1:9/x"))
    async with open_pools(nowhere) as pools:
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(Unavailable):
                await pid_of(pools.read.single)
        assert time.monotonic() - began < 2


async def test_a_statement_is_prepared_once_a_lane(url: str) -> None:
    for prepare, count in ((True, 2), (False, 0)):
        async with opened(url, read_lanes=1, prepare=prepare) as pools:
            for number in range(1, 10):
                await divide(pools.read.single, number=number, text="x")
            assert await prepared(pools.read.single, prefix="lane%") == count


async def test_a_statement_is_planned_once_whatever_its_values(url: str) -> None:
    async with opened(url, read_lanes=1) as pools:
        for number in range(1, 5):
            await divide(pools.read.single, number=number, text="x")

        assert await plans(pools.read.single) == "4 0"


async def test_what_the_server_has_forgotten_is_prepared_again(url: str) -> None:
    async with opened(url, read_lanes=1) as pools:
        conn = pools.read.single
        assert await divide(conn, number=3, text="x") == 20
        await forget(conn)

        found = await asyncio.gather(*(divide(conn, number=3, text="x") for _ in range(5)))

        assert found == [20] * 5


async def test_a_table_may_change_under_a_prepared_statement(
    url: str, execute: Execute, table: None
) -> None:
    await execute("INSERT INTO kept VALUES ('a')")
    async with opened(url, read_lanes=1, pool_size=1) as pools:
        for _ in range(4):
            assert await find(pools.read.single, name="a") == "a"
            async with pools.read.connection() as conn:
                assert await find(conn, name="a") == "a"
        await execute("ALTER TABLE kept ALTER COLUMN name TYPE varchar(10)")

        assert await find(pools.read.single, name="a") == "a"
        with pytest.raises(errors.FeatureNotSupported):
            async with pools.read.connection() as conn:
                await find(conn, name="a")
        async with pools.read.connection() as conn:  # that one is not lent again
            assert await find(conn, name="a") == "a"


async def test_closing_lets_what_is_under_way_end(url: str, table: None, execute: Execute) -> None:
    async with opened(url, write_lanes=1) as pools:
        running = asyncio.create_task(keep_slowly(pools.write.single, name="a", seconds=0.3))
        await asyncio.sleep(0.05)

    assert await running == 1
    assert await execute("SELECT name FROM kept") == [("a",)]


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="the server may be elsewhere")
@pytest.mark.slow
async def test_under_load_a_killed_server_loses_and_repeats_nothing() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        data = Path(directory) / "postgres"
        with embedded.server(data) as url:
            database.run(url, "CREATE TABLE kept (name text, n serial)")
            async with opened(url) as pools:
                acknowledged: list[str] = []
                refused: list[str] = []
                stopping = asyncio.Event()

                async def write(writer: int) -> None:
                    number = 0
                    while not stopping.is_set():
                        name = f"{writer}:{number}"
                        number += 1
                        try:
                            await keep(pools.write.single, name=name)
                        except Unavailable:
                            refused.append(name)
                            await asyncio.sleep(0.01)
                        else:
                            acknowledged.append(name)

                writers = [asyncio.create_task(write(writer)) for writer in range(64)]
                await asyncio.sleep(1)
                pid = int((data / "postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(1)
                with embedded._running(data):
                    back, count = time.monotonic(), len(acknowledged)
                    while len(acknowledged) == count:
                        assert time.monotonic() - back < 2
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(0.5)
                    stopping.set()
                    await asyncio.gather(*writers)
                    with psycopg.connect(url) as conn:
                        rows = conn.execute("SELECT name FROM kept").fetchall()
                    kept = [name for (name,) in rows]

    assert refused
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
    assert set(kept) <= set(acknowledged) | set(refused)
