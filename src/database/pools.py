"""Where connections come from: one pool for writes, one for reads, one for long reads.

Reads are autocommit on sessions that PostgreSQL itself keeps from writing, and may go to a replica.
A read that decides on access goes to the primary, through `deciding`. Beside its pool, each has
lanes for statements that stand alone.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg
from psycopg.rows import TupleRow
from psycopg.types import TypeInfo
from psycopg_pool import AsyncConnectionPool

from src.config import DatabaseSettings
from src.database.connection import Connection, PooledConnection, Transaction, transaction
from src.database.conninfo import conninfo, replica_conninfo
from src.database.errors import translated
from src.database.lanes import Lanes
from src.database.shared import SharedConnection
from src.limiter import Limiter

PsycopgConnection = psycopg.AsyncConnection[TupleRow]
PsycopgPool = AsyncConnectionPool[PsycopgConnection]

_PACKED_READS = 16
"""Reads that follow each other on one lane before the next lane gets any."""
_PREPARE_AFTER = 2
"""Times that a connection runs a statement before it prepares it."""


class Pool(Protocol):
    """A place to run statements."""

    @property
    def single(self) -> Connection:
        """Runs statements that stand alone, for all callers at once: nothing is borrowed."""
        ...

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """Borrow a connection in autocommit for the length of the block."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Borrow a connection for a transaction that ends with the block.

        It commits on success, and where a CoreError says so; else it rolls back.
        """
        ...

    def stats(self) -> Mapping[str, int]:
        """Counters of the pool and of its lanes; empty where there is neither."""
        ...


class PsycopgPoolAdapter:
    """A psycopg pool and its lanes as domains see them."""

    def __init__(self, pool: PsycopgPool, lanes: Lanes | None, *, deadline: float) -> None:
        self._pool = pool
        self._lanes = lanes
        self._deadline = deadline
        self._single = SharedConnection(self.connection, lanes, self.transaction)

    @property
    def single(self) -> Connection:
        return self._single

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        with translated():
            async with self._pool.connection() as conn:
                yield PooledConnection(conn, deadline=self._deadline)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PooledConnection]:
        async with self.connection() as conn, transaction(conn):
            yield conn

    def stats(self) -> Mapping[str, int]:
        return {**self._pool.get_stats(), **(self._lanes.stats() if self._lanes else {})}


@dataclass(frozen=True, slots=True)
class Pools:
    """Every pool of the process."""

    write: Pool
    read: Pool
    deciding: Pool
    """Reads on the primary. The very object `read` is, where no replica is configured."""
    stream: Pool
    """Exports and other long reads, so that slow downloads leave the other reads alone."""
    limiter: Limiter | None = None
    """With what the application counts requests; `src.limits` does it."""

    @property
    def counting(self) -> Limiter:
        """The limiter. Only pools of an application have one."""
        if self.limiter is None:
            raise RuntimeError("these pools belong to no application that counts")
        return self.limiter

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
    requests, long = settings.statement_timeout, settings.stream_timeout
    reads = _Session(requests, is_read_only=True)
    async with AsyncExitStack() as stack:

        async def opened(
            name: str, conninfo: str, session: _Session, *, size: int, lanes: int
        ) -> PsycopgPoolAdapter:
            pool = _pool(name, conninfo, session, size=size, prepares=settings.prepare)
            shared = _lanes(name, conninfo, session, settings, count=lanes) if lanes else None
            await pool.open()
            stack.push_async_callback(pool.close)
            if shared is not None:
                shared.start()
                stack.push_async_callback(shared.close)
            return PsycopgPoolAdapter(pool, shared, deadline=session.statement + 1)

        size, lanes = settings.pool_size, settings.read_lanes
        read = await opened("read", replica or primary, reads, size=size, lanes=lanes)
        yield Pools(
            write=await opened(
                "write",
                primary,
                _Session(requests, lock=settings.lock_timeout),
                size=size,
                lanes=settings.write_lanes,
            ),
            read=read,
            deciding=await opened("deciding", primary, reads, size=size, lanes=lanes)
            if replica
            else read,
            stream=await opened(
                "stream",
                replica or primary,
                _Session(long, is_read_only=True, is_long=True),
                size=settings.stream_pool_size,
                lanes=0,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Session:
    """The deadlines of a session in seconds, and what it may do."""

    statement: float
    lock: float = 0
    is_read_only: bool = False
    is_long: bool = False

    async def configure(self, conn: PsycopgConnection) -> None:
        await configure_session(
            conn,
            statement=self.statement,
            lock=self.lock,
            read_only=self.is_read_only,
            is_long=self.is_long,
        )


def _pool(name: str, conninfo: str, session: _Session, *, size: int, prepares: bool) -> PsycopgPool:
    return AsyncConnectionPool(
        conninfo,
        connection_class=psycopg.AsyncConnection[TupleRow],
        kwargs={
            "autocommit": True,
            "application_name": f"core-api {name}",
            "prepare_threshold": _PREPARE_AFTER if prepares else None,
        },
        min_size=min(2, size),
        max_size=size,
        timeout=2,
        max_waiting=size * 50,
        max_lifetime=3600,
        reconnect_timeout=0,
        configure=session.configure,
        name=name,
        open=False,
    )


def _lanes(
    name: str, conninfo: str, session: _Session, settings: DatabaseSettings, *, count: int
) -> Lanes:
    async def connect() -> PsycopgConnection:
        conn = await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, application_name=f"core-api {name} lane"
        )
        try:
            await session.configure(conn)
            # Planned once, not for the values at hand: planning takes longer than most statements.
            await conn.execute("SET plan_cache_mode = force_generic_plan")
        except BaseException:
            await conn.close()
            raise
        return conn

    return Lanes(
        connect,
        count=count,
        packed=_PACKED_READS if session.is_read_only else 1,
        depth=settings.lane_depth,
        deadline=session.statement + 1,
        prepares=settings.prepare,
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
