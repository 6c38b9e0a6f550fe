"""Clients that refresh the same token at once all go on with one and the same."""

import asyncio

import pytest
from httpx2 import AsyncClient

from src.config import LimitSettings, RateSettings, Settings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, settings_for
from tests.http import bearer

CALLERS = 50


@pytest.fixture
def settings(url: str) -> Settings:
    """A session may be refreshed as often as one likes: what is looked at here is who wins."""
    return settings_for(url, limits=LimitSettings(rates=RateSettings(refresh_session=0)))


async def race(client: AsyncClient, conn: Connection, execute: Execute, *, rounds: int) -> None:
    """Fifty refreshes at once, round after round: of each round there is one successor."""
    ann = await factories.user(conn)
    token = ann.refresh_token
    for number in range(1, rounds + 1):
        answers = await asyncio.gather(
            *(
                client.post("/v1/auth/token/refresh", json={"refresh_token": token})
                for _ in range(CALLERS)
            )
        )
        assert {answer.status_code for answer in answers} == {200}
        successors = {answer.json()["tokens"]["refresh_token"] for answer in answers}
        assert len(successors) == 1
        (token,) = successors
        access = answers[-1].json()["tokens"]["access_token"]
        assert (await client.get("/v1/users/me", headers=bearer(access))).status_code == 200
        stored = await execute(
            "SELECT refresh_counter, revoked_at FROM session WHERE id = %(id)s", id=ann.session_id
        )
        assert stored == [(number, None)]


@pytest.mark.committed
async def test_of_fifty_refreshes_there_is_one_successor(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await race(client, conn, execute, rounds=2)


@pytest.mark.slow
@pytest.mark.committed
async def test_it_is_so_two_hundred_times(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await race(client, conn, execute, rounds=200)
