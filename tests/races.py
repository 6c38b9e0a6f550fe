"""The same thing by many at once, again and again."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from httpx2 import Response

_TRIES = 100
Answers = Counter[tuple[int, str]]


async def race(
    send: Callable[[int, int], Awaitable[Response]],
    *,
    rounds: int,
    callers: int,
    checked: Callable[[int, Answers], Awaitable[None]],
) -> None:
    """Send `callers` requests at a time, in each of so many rounds: `send(round, caller)`.

    `checked(round, answers)` looks at what came, counted by status and problem code. Who is told to
    come back (503) does: a small machine hashes but a few passwords at a time.
    """

    async def one(number: int, caller: int) -> tuple[int, str]:
        response = await send(number, caller)
        for _ in range(_TRIES):
            if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(0.2)
            response = await send(number, caller)
        body = response.json() if response.content else {}
        return response.status_code, str(body.get("code", ""))

    for number in range(rounds):
        answers = Counter(await asyncio.gather(*(one(number, each) for each in range(callers))))
        await checked(number, answers)
