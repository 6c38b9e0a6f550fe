"""Of those who verify one number at the same moment exactly one gets it."""

import pytest
from httpx2 import AsyncClient

from src.database import Connection, Pools
from tests import factories
from tests.auth.phone.racing import race
from tests.conftest import Execute

pytestmark = pytest.mark.committed


@pytest.mark.parametrize(("callers", "rounds"), [(2, 10), (50, 1)])
async def test_one_of_them_gets_the_number(
    client: AsyncClient,
    conn: Connection,
    pools: Pools,
    execute: Execute,
    callers: int,
    rounds: int,
) -> None:
    users = [await factories.user(conn) for _ in range(callers)]

    for _ in range(rounds):
        await race(client, pools, execute, users)
