"""A connection that everybody shares: for statements that stand alone."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

from src import acting
from src.database.connection import Executor, Fetched, Notification, closing
from src.database.errors import translated, unstorable
from src.database.lanes import Lanes

if TYPE_CHECKING:
    from src.database.statement import Statement

_WAY_OUT_MAX = 100
"""Statements at a time that go round the lanes, because they take long or all lanes are held up.

Some slow statements are a reason to. That everything is slow is none: a few connections more would
not make it faster, and who waits for one of them is sent away sooner.
"""

Borrow = Callable[[], AbstractAsyncContextManager[Executor]]
Begin = Callable[[], AbstractAsyncContextManager[Executor]]
"""As `Borrow`, in a transaction."""


class SharedConnection(Executor):
    """Runs each statement on a lane, or on a connection of the pool where it may take long.

    Nothing is borrowed by holding it. It has no transactions: who needs one asks for one.
    """

    __slots__ = ("_begin", "_borrow", "_lanes", "_out")

    def __init__(self, borrow: Borrow, lanes: Lanes | None, begin: Begin) -> None:
        self._borrow = borrow
        self._begin = begin
        self._lanes = lanes
        self._out = 0

    async def fetch(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        if statement.is_audited and acting.api_key.get() is not None:
            async with self._begin() as conn:
                return await conn.fetch(statement, text, params)
        if self._lanes is None or statement.is_slow:
            return await self._fetch_alone(statement, text, params)
        has_way_out = self._out < _WAY_OUT_MAX
        if has_way_out and statement.takes_long:
            return await self._fetch_around(statement, text, params)
        query, values = statement.positional(text)
        try:
            fetched = await self._lanes.fetch(
                statement, query, values(params), waits=not has_way_out
            )
        except psycopg.Error:
            with translated(statement.constraints):
                raise
        except UnicodeEncodeError as exc:  # half of a surrogate pair
            raise unstorable() from exc
        if fetched is None:
            return await self._fetch_around(statement, text, params)
        return fetched

    async def _fetch_around(
        self, statement: "Statement", text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        self._out += 1
        try:
            return await self._fetch_alone(statement, text, params)
        finally:
            self._out -= 1

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
