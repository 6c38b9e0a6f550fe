"""Defect 15: an account made by a provider's word got a readable value for a password."""

import pytest
from httpx2 import AsyncClient

from tests.conftest import Execute
from tests.fakes import facebook
from tests.http import problem


async def test_there_is_no_password_and_none_will_do(client: AsyncClient, execute: Execute) -> None:
    token = facebook.token("42", email="ann@example.org")
    made = await client.post("/v1/auth/sso/facebook/token", json={"access_token": token})

    assert made.status_code == 201
    assert await execute("SELECT 1 FROM password") == []
    for password in ("", "42", token, "null", "None"):
        login = {"identifier": "ann@example.org", "password": password}
        problem(await client.post("/v1/auth/login", json=login), 401, "invalid_credentials")


@pytest.mark.parametrize("table", ["account", "identity", "sso_nonce"])
async def test_no_row_of_theirs_has_a_secret(
    client: AsyncClient, execute: Execute, table: str
) -> None:
    token = facebook.token("42", email="ann@example.org")
    await client.post("/v1/auth/sso/facebook/token", json={"access_token": token})

    columns = await execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %(table)s",
        table=table,
    )

    assert columns
    assert not {name for (name,) in columns if "password" in name or "secret" in name}
