"""COPY and LISTEN through `@sql`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from src.database import Connection, Json, Notification, Pools, Transaction, closing, sql
from tests.conftest import Execute


@dataclass(slots=True)
class NewActor:
    actor_id: UUID
    action: str
    detail: str


@sql("COPY audit_event (actor_id, action, detail) FROM STDIN")
async def copy_events(conn: Connection, *, rows: Iterable[NewActor]) -> int: ...


@sql(
    """
    COPY (SELECT action
            FROM audit_event
           WHERE actor_id = %(actor_id)s
           ORDER BY id)
      TO STDOUT WITH (FORMAT csv)
    """
)
def copy_actions(conn: Connection, *, actor_id: UUID) -> AsyncIterator[bytes]: ...


@sql(
    """
    SELECT json_build_object('action', action)
      FROM audit_event
     WHERE actor_id = %(actor_id)s
     ORDER BY id
    """
)
def stream_actions(conn: Transaction, *, actor_id: UUID) -> AsyncIterator[Json[dict[str, str]]]: ...


@sql("LISTEN core_api_test")
def listen(conn: Connection) -> AsyncIterator[Notification]: ...


async def test_built_json_is_streamed_as_it_is(conn: Transaction) -> None:
    ann = uuid4()
    await copy_events(conn, rows=[NewActor(ann, action, "{}") for action in ("first", "second")])

    async with conn.transaction():
        lines = [line.text async for line in stream_actions(conn, actor_id=ann)]

    assert lines == [b'{"action" : "first"}', b'{"action" : "second"}']


async def test_rows_are_copied_in_and_out(conn: Connection) -> None:
    ann = uuid4()
    rows = [NewActor(ann, action, "{}") for action in ("first", "with, comma")]

    assert await copy_events(conn, rows=rows) == 2

    chunks = [chunk async for chunk in copy_actions(conn, actor_id=ann)]
    assert b"".join(chunks) == b'first\n"with, comma"\n'


@pytest.mark.committed
async def test_notifications_arrive(pools: Pools, execute: Execute) -> None:
    async with pools.write.connection() as conn, closing(listen(conn)) as notifications:
        waiting = asyncio.ensure_future(anext(notifications))
        await asyncio.sleep(0.2)
        await execute("SELECT pg_notify('core_api_test', 'hello')")
        assert await asyncio.wait_for(waiting, 5) == Notification("core_api_test", "hello")


@pytest.mark.committed
async def test_a_connection_that_has_listened_is_as_any_other(pools: Pools) -> None:
    async with pools.write.connection() as conn:
        async with closing(listen(conn)) as notifications:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(notifications), 0.2)
        assert await copy_events(conn, rows=[]) == 0
