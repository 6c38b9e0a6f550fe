"""Pools that tell what is asked of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from src.database import Connection, Pool, Pools, Transaction


class _Held:
    """A pool that counts the transactions it lends."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.transactions = 0

    @property
    def single(self) -> Connection:
        return self._pool.single

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._pool.connection() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.transactions += 1
        async with self._pool.transaction() as conn:
            yield conn

    def stats(self) -> dict[str, int]:
        return {"transactions": self.transactions}


def counting(pools: Pools) -> Pools:
    """The same pools; `write.stats()` tells how many transactions that one has lent."""
    return replace(pools, write=_Held(pools.write))
