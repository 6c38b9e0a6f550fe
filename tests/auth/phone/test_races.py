import asyncio

import pytest
from httpx2 import AsyncClient

from src.database import Connection, Pools
from tests import factories
from tests.auth.phone.racing import race
from tests.auth.phone.verifying import asked, new_number, other, say
from tests.conftest import Execute

pytestmark = pytest.mark.committed


@pytest.mark.slow
async def test_of_fifty_users_one_gets_the_number_round_after_round(
    client: AsyncClient, conn: Connection, pools: Pools, execute: Execute
) -> None:
    users = [await factories.user(conn) for _ in range(50)]

    for _ in range(200):
        await race(client, pools, execute, users)


async def test_fifty_guesses_at_once_are_five_tries(
    client: AsyncClient, conn: Connection, pools: Pools, execute: Execute
) -> None:
    ann = await factories.user(conn)
    async with pools.write.transaction() as own:
        code = await asked(own, ann, new_number())

    answers = await asyncio.gather(*(say(client, ann, other(code)) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {400}
    assert await execute("SELECT attempts FROM one_time_token") == [(5,)]
    assert (await say(client, ann, code)).status_code == 400
