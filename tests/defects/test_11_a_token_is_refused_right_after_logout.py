"""Signing out is seen by the very next request, not when the token expires."""

import pytest
from httpx2 import AsyncClient

from src.auth.constants import LogoutScope
from src.database import Connection
from tests import factories
from tests.http import acting_as, problem


@pytest.mark.parametrize("scope", [LogoutScope.CURRENT, LogoutScope.ALL])
async def test_neither_token_of_an_ended_session_is_taken(
    client: AsyncClient, conn: Connection, scope: str
) -> None:
    ann = await factories.user(conn)
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200

    left = await client.post("/v1/auth/logout", json={"scope": scope}, headers=acting_as(ann))

    assert left.status_code == 204
    for path in ("/v1/users/me", "/v1/auth/session", "/v1/teams"):
        problem(await client.get(path, headers=acting_as(ann)), 401, "invalid_token")
    refreshed = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
    )
    problem(refreshed, 401, "refresh_invalid")
