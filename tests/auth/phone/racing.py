"""Many users who say at the same moment that one number is theirs."""

import asyncio
from collections import Counter

from httpx2 import AsyncClient, Response

from src.database import Pools
from tests import factories
from tests.auth.phone.verifying import asked, new_number, say
from tests.conftest import Execute


async def race(
    client: AsyncClient, pools: Pools, execute: Execute, users: list[factories.User]
) -> None:
    """One round: each has a code for the number, all say theirs, one gets it."""
    phone = new_number()
    codes = []
    for user in users:
        async with pools.write.transaction() as conn:
            codes.append(await asked(conn, user, phone))
        await execute("DELETE FROM message")

    async def told(user: factories.User, code: str) -> Response:
        """Who is told to come back, on a small machine, does so."""
        answer = await say(client, user, code)
        for _ in range(30):
            if answer.status_code != 503:
                break
            await asyncio.sleep(1)
            answer = await say(client, user, code)
        return answer

    answers = await asyncio.gather(*map(told, users, codes))

    counted = Counter(
        (answer.status_code, answer.json()["code"] if answer.content else "") for answer in answers
    )
    assert counted == {(204, ""): 1, (409, "phone_taken"): len(users) - 1}, counted
    (winner,) = [user for user, said in zip(users, answers, strict=True) if said.is_success]
    rows = await execute("SELECT account_id FROM phone WHERE number = %(phone)s", phone=phone)
    assert rows == [(winner.id,)]
