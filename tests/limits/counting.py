"""Time for those who are counted: nobody sleeps for it."""

from collections.abc import Awaitable, Callable

from src.database import Pools
from tests.conftest import Execute

Later = Callable[[float], Awaitable[None]]


async def later(execute: Execute, pools: Pools, seconds: float) -> None:
    """Let that much time pass for all counters, and for what this process remembers."""
    await execute(
        "UPDATE rate_limit SET tat = tat - %(seconds)s * interval '1 second'", seconds=seconds
    )
    assert pools.limiter is not None
    pools.limiter.refusals.clear()
