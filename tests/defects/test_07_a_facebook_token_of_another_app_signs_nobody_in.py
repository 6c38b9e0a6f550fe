"""Defect 7: a token of Facebook's was taken whichever app it had been made for, and its email
was linked though nobody had verified it."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.conftest import Execute
from tests.fakes import facebook
from tests.http import problem

DOOR = "/v1/auth/sso/facebook/token"


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "5647382910"},
        {"app": ""},
        {"is_valid": False},
        {"is_valid": "false"},
        {"is_valid": None},
        {"profile": "somebody else"},
        {"expires_at": 1},
        {"expires_at": "never"},
        {"type": "PAGE"},
        {"user_id": None},
        {"user_id": ""},
    ],
)
async def test_a_token_that_is_not_its_users_for_this_app_is_refused(
    client: AsyncClient, execute: Execute, changes: dict[str, Any]
) -> None:
    token = facebook.token("42", email="ann@example.org", **changes)

    problem(await client.post(DOOR, json={"access_token": token}), 401, "sso_token_invalid")
    assert await execute("SELECT 1 FROM account") == []


@pytest.mark.parametrize("token", ["x", "fb.x", "a b", "é"])
async def test_what_facebook_does_not_know_is_refused(client: AsyncClient, token: str) -> None:
    problem(await client.post(DOOR, json={"access_token": token}), 401, "sso_token_invalid")


@pytest.mark.parametrize("is_verified", [True, False])
async def test_an_email_of_facebooks_links_nobody(
    client: AsyncClient, conn: Transaction, execute: Execute, is_verified: bool
) -> None:
    ann = await factories.user(conn, email="ann@example.org")
    if is_verified:
        await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=ann.id)
    token = facebook.token("42", email="ann@example.org")

    response = await client.post(DOOR, json={"access_token": token})

    problem(response, 409, "account_exists_login_to_link")
    assert await execute("SELECT 1 FROM identity") == []
