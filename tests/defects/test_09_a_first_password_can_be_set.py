"""Hashing against a password that is not there is no reason to fail."""

from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as


async def test_who_signs_in_by_something_else_sets_a_first_password(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("DELETE FROM password WHERE account_id = %(id)s", id=ann.id)

    response = await client.put(
        "/v1/users/me/password",
        json={"new_password": "eleven owls upon a mossy roof"},
        headers=acting_as(ann),
    )

    assert response.status_code == 204, response.text
    response = await client.post(
        "/v1/auth/login",
        json={"identifier": ann.email, "password": "eleven owls upon a mossy roof"},
    )
    assert response.status_code == 200, response.text
