"""Answers that are sent while they are still being read from the database."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Self
from uuid import UUID

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from src.database import Pools, Transaction, closing
from src.exceptions import TooManyRequests

DOWNLOADS_MAX = 2
"""Downloads and statistics of one user at a time."""
_RETRY_AFTER = "10"


@asynccontextmanager
async def reading(pools: Pools) -> AsyncIterator[Transaction]:
    """A connection of its own for a long read, inside a transaction."""
    async with pools.stream.transaction() as conn:
        yield conn


class Downloads:
    """The long reads of this process, counted by user: slow callers hold their connections long."""

    def __init__(self) -> None:
        self._running: Counter[UUID] = Counter()

    @contextmanager
    def place(self, user_id: UUID) -> Iterator[None]:
        """One of the user's places for the length of the block. Raises TooManyRequests."""
        if self._running[user_id] >= DOWNLOADS_MAX:
            raise TooManyRequests(
                f"You have {DOWNLOADS_MAX} downloads running: wait until one has ended.",
                headers={"Retry-After": _RETRY_AFTER},
            )
        self._running[user_id] += 1
        try:
            yield
        finally:
            self._running[user_id] -= 1
            if not self._running[user_id]:
                del self._running[user_id]


class StreamedResponse(StreamingResponse):
    """A download. What it is read from is let go when it ends, however it ends."""

    _stack: AsyncExitStack

    @classmethod
    async def begun(
        cls,
        chunks: AsyncIterator[bytes],
        stack: AsyncExitStack,
        *,
        media_type: str,
        filename: str,
    ) -> Self:
        """A response whose first chunk has been read: what fails at once still gets a problem.

        Takes over what `stack` holds: the connection that the chunks are read from.
        """
        await stack.enter_async_context(closing(chunks))
        first = await anext(chunks, b"")

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for chunk in chunks:
                yield chunk

        response = cls(
            body(),
            media_type=media_type,
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )
        response._stack = stack.pop_all()
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)
