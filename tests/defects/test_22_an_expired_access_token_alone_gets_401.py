"""Sessions go on by their refresh token, which must be shown: nothing else makes a new token."""

import pytest
import time_machine
from httpx2 import AsyncClient

from src.auth.constants import Transport
from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem


@pytest.fixture
async def expired(conn: Connection) -> factories.User:
    """Somebody whose access token has expired, while the session stands."""
    ann = await factories.user(conn)
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        return await factories.session(conn, ann, transport=Transport.COOKIE)


async def test_an_expired_access_token_stays_expired(
    client: AsyncClient, expired: factories.User, execute: Execute
) -> None:
    client.cookies.set("core_at", expired.access_token, domain="test.local", path="/")
    before = await execute("SELECT session::text FROM session ORDER BY id")

    for headers in (acting_as(expired), dict[str, str]()):
        for _ in range(3):
            for path in ("/v1/users/me", "/v1/auth/session", "/v1/teams"):
                response = await client.get(path, headers=headers)
                problem(response, 401, "invalid_token")
                assert "set-cookie" not in response.headers

    assert await execute("SELECT session::text FROM session ORDER BY id") == before


async def test_it_does_not_refresh_either(client: AsyncClient, expired: factories.User) -> None:
    client.cookies.set("core_at", expired.access_token, domain="test.local", path="/")

    response = await client.post("/v1/auth/token/refresh", headers={"Origin": "http://test.local"})

    problem(response, 401, "refresh_invalid")
    assert "set-cookie" not in response.headers
