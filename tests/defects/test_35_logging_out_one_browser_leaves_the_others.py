"""Signing out ends one session, and finds nothing wrong with there being none."""

from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.http import BASE_URL, acting_as, problem


async def test_the_other_browser_stays_signed_in_and_refreshes(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    other = await factories.session(conn, ann)

    assert (await client.post("/v1/auth/logout", headers=acting_as(ann))).status_code == 204

    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    assert (await client.get("/v1/users/me", headers=acting_as(other))).status_code == 200
    again = await client.post("/v1/auth/token/refresh", json={"refresh_token": other.refresh_token})
    assert again.status_code == 200, again.text


async def test_without_a_cookie_there_is_nobody_to_sign_out(client: AsyncClient) -> None:
    for headers in (dict[str, str](), {"Origin": BASE_URL}, {"Cookie": "other=1"}):
        response = await client.post("/v1/auth/logout", headers=headers)
        problem(response, 401, "refresh_invalid")
    for headers in ({"Cookie": "core_at=x"}, {"Cookie": "core_rt=x"}):
        response = await client.post("/v1/auth/logout", headers={**headers, "Origin": BASE_URL})
        assert response.status_code == 204, response.text
