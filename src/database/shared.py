"""A connection that everybody shares: for statements that stand alone."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

from src.database.connection import Executor, Fetched, Notification, closing
from src.database.errors import translated, unstorable
from src.database.lanes import Lanes

if TYPE_CHECKING:
    from src.database.statement import Statement

Borrow = Callable[[], AbstractAsyncContextManager[Executor]]


class SharedConnection(Executor):
    """Runs each statement on a lane, or on a connection of the pool where it may take long.

    Nothing is borrowed by holding it. It has no transactions: who needs one asks for one.
    """

    __slots__ = ("_borrow", "_lanes")

    def __init__(self, borrow: Borrow, lanes: Lanes | None) -> None:
        self._borrow = borrow
        self._lanes = lanes

    async def fetch(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        if self._lanes is None or statement.takes_long:
            return await self._fetch_alone(statement, text, params)
        query, names = statement.positional(text)
        try:
            fetched = await self._lanes.fetch(statement, query, [params[name] for name in names])
        except psycopg.Error:
            with translated(statement.constraints):
                raise
        except UnicodeEncodeError as exc:  # half of a surrogate pair
            raise unstorable() from exc
        if fetched is None:
            return await self._fetch_alone(statement, text, params)
        return fetched

    async def _fetch_alone(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        async with self._borrow() as conn:
            began = time.monotonic()
            try:
                return await conn.fetch(statement, text, params)
            finally:
                statement.took(time.monotonic() - began)

    def batches(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[Fetched]:
        raise TypeError(f"{statement.name}: a stream needs a transaction")

    async def copy_out(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> AsyncIterator[bytes]:
        async with (
            self._borrow() as conn,
            closing(conn.copy_out(statement, text, params)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def copy_in(
        self, statement: "Statement", text: LiteralString, rows: Iterable[Sequence[Any]]
    ) -> int:
        async with self._borrow() as conn:
            return await conn.copy_in(statement, text, rows)

    async def notifications(
        self, statement: "Statement", text: LiteralString
    ) -> AsyncIterator[Notification]:
        async with self._borrow() as conn, closing(conn.notifications(statement, text)) as found:
            async for notification in found:
                yield notification
