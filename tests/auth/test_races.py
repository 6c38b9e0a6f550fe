import asyncio

import pytest
from httpx2 import AsyncClient

from src.auth import keys
from src.config import LimitSettings, RateSettings, Settings
from src.database import Connection, Pools
from tests import factories
from tests.conftest import Execute, settings_for
from tests.http import acting_as

pytestmark = pytest.mark.committed

CALLERS = 50


@pytest.fixture
def settings(url: str) -> Settings:
    """A session may be refreshed as often as one likes: what is looked at here is who wins."""
    rates = RateSettings(refresh_session=0)
    return settings_for(url, limits=LimitSettings(rates=rates))


async def test_of_many_refreshes_of_one_token_there_is_one_successor(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    async def refresh() -> str:
        response = await client.post(
            "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
        )
        assert response.status_code == 200, response.text
        return str(response.json()["tokens"]["refresh_token"])

    successors = set(await asyncio.gather(*(refresh() for _ in range(CALLERS))))

    assert len(successors) == 1
    assert await execute("SELECT refresh_counter, revoked_at FROM session") == [(1, None)]


async def test_a_thief_and_an_owner_cannot_both_go_on(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    body = {"refresh_token": ann.refresh_token}
    response = await client.post("/v1/auth/token/refresh", json=body)
    await execute("UPDATE session SET rotated_at = now() - interval '1 minute'")
    current = response.json()["tokens"]["refresh_token"]

    await asyncio.gather(
        *(
            client.post("/v1/auth/token/refresh", json={"refresh_token": token})
            for token in (ann.refresh_token, current) * 10
        )
    )

    assert await execute("SELECT revoke_reason FROM session") == [("refresh_token_reused",)]
    response = await client.get("/v1/users/me", headers=acting_as(ann))
    assert response.status_code == 401


async def test_processes_that_start_together_agree_on_one_key(
    pools: Pools, execute: Execute
) -> None:
    rings = [keys.KeyRing(factories.SEALER) for _ in range(10)]

    await asyncio.gather(*(ring.ensure(pools) for ring in rings))

    assert len({ring.signing_key()[0] for ring in rings}) == 1
    assert len(await execute("SELECT 1 FROM signing_key")) == 1
