"""An account whose email waits for verification, where a verified one is required."""

import pytest
from httpx2 import AsyncClient

from src.config import AuthenticationSettings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, bearer, problem

EXPECTED = "email_not_verified"


@pytest.fixture
async def strict(make_client: MakeClient) -> AsyncClient:
    return await make_client(
        authentication=AuthenticationSettings(signup="open", require_verified_email=True)
    )


async def test_it_may_sign_in_look_at_itself_and_sign_out(
    strict: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    login = {"identifier": ann.email, "password": ann.password}
    signed_in = await strict.post("/v1/auth/login", json=login)

    assert signed_in.status_code == 200, signed_in.text
    me = bearer(signed_in.json()["tokens"]["access_token"])
    for path in ("/v1/users/me", "/v1/auth/session"):
        assert (await strict.get(path, headers=me)).status_code == 200
    assert (await strict.post("/v1/auth/logout", headers=me)).status_code == 204


async def test_it_may_do_nothing_else(strict: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    for method, path in (("GET", "/v1/teams"), ("GET", f"/v1/teams/{team.id}")):
        problem(await strict.request(method, path, headers=acting_as(ann)), 403, EXPECTED)
    created = await strict.post("/v1/teams", json={"name": "Birds"}, headers=acting_as(ann))
    problem(created, 403, EXPECTED)


async def test_the_very_next_request_sees_that_it_is_verified(
    strict: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    problem(await strict.get("/v1/teams", headers=acting_as(ann)), 403, EXPECTED)

    await execute("UPDATE account SET email_verified_at = now()")

    assert (await strict.get("/v1/teams", headers=acting_as(ann))).status_code == 200


async def test_where_it_is_not_required_nobody_asks(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    assert (await client.get("/v1/teams", headers=acting_as(ann))).status_code == 200
