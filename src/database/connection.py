"""What a domain holds: a connection that takes no text.

Behind `Connection` stands whatever runs statements: a transaction on a pooled connection, a pooled
connection in autocommit, or lanes that everybody shares. All of them are `Executor`s.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from src import acting
from src.database.built import register_json
from src.database.errors import translated, unstorable
from src.exceptions import CoreError, Unavailable

if TYPE_CHECKING:
    from src.database.statement import Statement

T = TypeVar("T")

_BATCH = 200
"""Rows that a stream keeps in memory at a time."""


class Connection:
    """Runs statements, and takes no SQL text.

    Each statement stands or falls alone, unless the connection is a `Transaction`.
    """

    __slots__ = ()


class Transaction(Connection, ABC):
    """A connection of one's own: its statements see each other, and are kept or lost together."""

    __slots__ = ()

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[None]:
        """A block that commits on success and rolls back on failure; a savepoint inside another."""

    @abstractmethod
    async def act_by(self, key_id: UUID) -> None:
        """Say in the transaction under way which API key it is made by."""


class Fetched(NamedTuple):
    """What came back: column names (None where no rows are due), rows, how many were affected."""

    names: Sequence[str] | None
    rows: Sequence[tuple[Any, ...]]
    affected: int


class Executor(Connection, ABC):
    """What `@sql` needs of a connection."""

    __slots__ = ()

    @abstractmethod
    async def fetch(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        """Run one statement to its end."""

    @abstractmethod
    def batches(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[Fetched]:
        """Run one statement through a server-side cursor, some rows at a time."""

    @abstractmethod
    def copy_out(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[bytes]:
        """Run `COPY ... TO STDOUT`, and yield what comes as it comes."""

    @abstractmethod
    async def copy_in(
        self, statement: "Statement", text: LiteralString, rows: Iterable[Sequence[Any]]
    ) -> int:
        """Run `COPY ... FROM STDIN` with these rows; returns how many there were."""

    @abstractmethod
    def notifications(
        self, statement: "Statement", text: LiteralString
    ) -> AsyncIterator["Notification"]:
        """Run `LISTEN`, and yield what is notified until the caller has enough."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What `NOTIFY` has sent."""

    channel: str
    payload: str


class PooledConnection(Executor, Transaction):
    """A psycopg connection as domains see it."""

    __slots__ = ("_conn", "_deadline", "_named")
    _cursors = count(1)

    def __init__(self, conn: psycopg.AsyncConnection[TupleRow], *, deadline: float) -> None:
        self._conn = conn
        self._deadline = deadline
        self._named: dict[str, type[CoreError]] = {}
        """What the statements so far name for a constraint that may wait for the commit."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        block = self._conn.transaction()
        async with self._answering():
            await block.__aenter__()
        try:
            yield
        except BaseException as exc:
            async with self._answering():
                await block.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        with translated(self._named):
            async with self._answering():
                await block.__aexit__(None, None, None)

    async def act_by(self, key_id: UUID) -> None:
        async with self._answering():
            await self._conn.execute("SELECT set_config('core.api_key', %s, true)", (str(key_id),))

    async def fetch(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        if statement.constraints:
            self._named.update(statement.constraints)
        with translated(statement.constraints):
            cursor = self._conn.cursor()
            if statement.returns_json:
                register_json(cursor)
            async with self._answering():
                try:
                    await cursor.execute(text, params)
                except UnicodeEncodeError as exc:  # half of a surrogate pair
                    raise unstorable() from exc
                except errors.FeatureNotSupported:
                    # Most likely a plan made before its table changed: it would fail for ever.
                    await self._conn.close()
                    raise
            if cursor.description is None:
                return Fetched(None, (), cursor.rowcount)
            names = [column.name for column in cursor.description]
            return Fetched(names, await cursor.fetchall(), cursor.rowcount)

    async def batches(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[Fetched]:
        name = f"stream_{next(self._cursors)}"
        with translated(statement.constraints):
            async with self._conn.cursor(name=name) as cursor:
                if statement.returns_json:
                    register_json(cursor)
                async with self._answering():
                    await cursor.execute(text, params)
                names = [column.name for column in cursor.description or ()]
                # The server reads the next batch while the caller is busy with this one.
                ahead = asyncio.create_task(self._next(cursor))
                try:
                    while rows := await ahead:
                        ahead = asyncio.create_task(self._next(cursor))
                        yield Fetched(names, rows, len(rows))
                finally:
                    await _ended(ahead)

    async def _next(self, cursor: psycopg.AsyncServerCursor[TupleRow]) -> list[TupleRow]:
        async with self._answering():
            return await cursor.fetchmany(_BATCH)

    async def copy_out(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[bytes]:
        with translated(statement.constraints):
            async with self._conn.cursor() as cursor, cursor.copy(text, params) as copy:
                async for chunk in copy:
                    yield bytes(chunk)

    async def copy_in(
        self, statement: "Statement", text: LiteralString, rows: Iterable[Sequence[Any]]
    ) -> int:
        with translated(statement.constraints):
            async with self._conn.cursor() as cursor:
                async with cursor.copy(text) as copy:
                    for row in rows:
                        await copy.write_row(row)
                return cursor.rowcount

    async def notifications(
        self, statement: "Statement", text: LiteralString
    ) -> AsyncIterator[Notification]:
        with translated(statement.constraints):
            await self._conn.execute(text)
            try:
                async for notify in self._conn.notifies():
                    yield Notification(channel=notify.channel, payload=notify.payload)
            finally:
                if not self._conn.closed:
                    await self._conn.execute("UNLISTEN *")

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Give up on a server that does not answer, not even with its own statement timeout."""
        try:
            # At the first psycopg asks the server to cancel, at the second it hangs up.
            async with asyncio.timeout(self._deadline + 1), asyncio.timeout(self._deadline):
                yield
        except TimeoutError as exc:
            await self._conn.close()  # its answer may still come: nobody else may read it
            raise Unavailable() from exc


async def _ended(task: "asyncio.Task[list[TupleRow]]") -> None:
    """Wait for a batch that nobody wants any more; who is cancelled does not wait."""
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def closing(rows: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Iterate over a stream so that its cursor is closed with the block, however that ends."""
    try:
        yield rows
    finally:
        if isinstance(rows, AsyncGenerator):
            await rows.aclose()


@asynccontextmanager
async def transaction(conn: Transaction) -> AsyncIterator[None]:
    """Commit on success and roll back on failure, unless the failure says that it commits.

    The transaction knows the API key of its request, if there is one: the audit trail asks for it.
    """
    kept: CoreError | None = None
    with translated():
        async with conn.transaction():
            if (key := acting.api_key.get()) is not None:
                await conn.act_by(key)
            try:
                yield
            except CoreError as exc:
                if not exc.commits:
                    raise
                kept = exc
    if kept is not None:
        raise kept
