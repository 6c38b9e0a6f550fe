"""Answers that are sent while they are still being read from the database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from src.database import Connection, Pools, closing


@asynccontextmanager
async def reading(pools: Pools) -> AsyncIterator[Connection]:
    """A connection of its own for a long read, inside a transaction."""
    async with pools.stream.connection() as conn, conn.transaction():
        yield conn


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
