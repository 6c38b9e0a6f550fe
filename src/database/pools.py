"""Where connections come from: one pool for writes, one for reads, one for long reads.

Reads are autocommit on sessions that PostgreSQL itself keeps from writing, and may go to a replica.
A read that decides on access goes to the primary, through `deciding`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg
from psycopg.rows import TupleRow
from psycopg.types import TypeInfo
from psycopg_pool import AsyncConnectionPool

from src.config import DatabaseSettings
from src.database.connection import Connection, PooledConnection
from src.database.conninfo import conninfo, replica_conninfo
from src.database.errors import translated

PsycopgPool = AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]


class Pool(Protocol):
    """A place to borrow a connection."""

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Borrow a connection in autocommit for the length of the block."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Counters of the pool, by psycopg_pool's names; empty where there is no pool."""
        ...


class PsycopgPoolAdapter:
    """A psycopg pool that lends connections as domains see them."""

    def __init__(self, pool: PsycopgPool, *, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        with translated():
            async with self._pool.connection() as conn:
                yield PooledConnection(conn, deadline=self._deadline)

    def stats(self) -> Mapping[str, int]:
        return self._pool.get_stats()


@dataclass(frozen=True, slots=True)
class Pools:
    """Every pool of the process."""

    write: Pool
    read: Pool
    deciding: Pool
    """Reads on the primary. The very object `read` is, where no replica is configured."""
    stream: Pool
    """Exports and other long reads, so that slow downloads leave the other reads alone."""

    def named(self) -> dict[str, Pool]:
        """The distinct pools by name, for metrics."""
        named = {"write": self.write, "read": self.read, "stream": self.stream}
        if self.deciding is not self.read:
            named["deciding"] = self.deciding
        return named


@asynccontextmanager
async def open_pools(settings: DatabaseSettings) -> AsyncIterator[Pools]:
    """Open the pools for the length of the block.

    It does not wait for the database: requests answer 503 until it is there.
    """
    primary, replica = conninfo(settings), replica_conninfo(settings)
    size, requests, long = settings.pool_size, settings.statement_timeout, settings.stream_timeout
    write = _pool("write", primary, size, timeout=requests, lock=settings.lock_timeout)
    read = _pool("read", replica or primary, size, timeout=requests, read_only=True)
    stream = _pool(
        "stream", replica or primary, settings.stream_pool_size, timeout=long, is_long=True
    )
    deciding = _pool("deciding", primary, size, timeout=requests, read_only=True)
    pools = [write, read, stream, *([deciding] if replica else [])]
    try:
        for pool in pools:
            await pool.open()
        adapted_read = PsycopgPoolAdapter(read, deadline=requests + 1)
        yield Pools(
            write=PsycopgPoolAdapter(write, deadline=requests + 1),
            read=adapted_read,
            deciding=PsycopgPoolAdapter(deciding, deadline=requests + 1)
            if replica
            else adapted_read,
            stream=PsycopgPoolAdapter(stream, deadline=long + 1),
        )
    finally:
        for pool in pools:
            await pool.close()


def _pool(
    name: str,
    conninfo: str,
    size: int,
    timeout: float,
    *,
    lock: float | None = None,
    read_only: bool = False,
    is_long: bool = False,
) -> PsycopgPool:
    async def configure(conn: psycopg.AsyncConnection[TupleRow]) -> None:
        await configure_session(
            conn, statement=timeout, lock=lock, read_only=read_only or is_long, is_long=is_long
        )

    return AsyncConnectionPool(
        conninfo,
        connection_class=psycopg.AsyncConnection[TupleRow],
        kwargs={"autocommit": True, "application_name": f"core-api {name}"},
        min_size=min(2, size),
        max_size=size,
        timeout=2,
        max_waiting=size * 50,
        max_lifetime=3600,
        reconnect_timeout=0,
        configure=configure,
        name=name,
        open=False,
    )


async def configure_session(
    conn: psycopg.AsyncConnection[TupleRow],
    *,
    statement: float,
    lock: float | None = None,
    read_only: bool = False,
    is_long: bool = False,
) -> None:
    """Give a new session its deadlines and, where it only reads, PostgreSQL's own guard.

    A long read sees one moment through all of its statements, and may wait for a slow reader.
    """
    await conn.execute(
        "SELECT set_config('statement_timeout', %(statement)s, false),"
        " set_config('lock_timeout', %(lock)s, false),"
        " set_config('idle_in_transaction_session_timeout', %(idle)s, false),"
        " set_config('default_transaction_isolation', %(isolation)s, false),"
        " set_config('default_transaction_read_only', %(read_only)s, false),"
        " set_config('TimeZone', 'UTC', false)",
        {
            "statement": f"{int(statement * 1000)}ms",
            "lock": f"{int((lock or 0) * 1000)}ms",
            "idle": "120s" if is_long else "15s",
            "isolation": "repeatable read" if is_long else "read committed",
            "read_only": "on" if read_only else "off",
        },
    )
    await _register_arrays(conn)


async def _register_arrays(conn: psycopg.AsyncConnection[TupleRow]) -> None:
    """Let arrays of enums and domains arrive as lists, as arrays of built-in types do."""
    cursor = await conn.execute(
        "SELECT typname, oid, typarray FROM pg_type WHERE typtype IN ('e', 'd') AND typarray <> 0"
    )
    for name, oid, array_oid in await cursor.fetchall():
        TypeInfo(name, oid, array_oid).register(conn)
