"""A mismatch is an answer, not a failure: signing in, changing the password, showing it again."""

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.http import acting_as, problem

WRONG = ["not the password at all", "", " ", "\0", "x" * 4096, factories.PASSWORD + " "]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_password_is_told_everywhere_alike(
    client: AsyncClient, conn: Connection, wrong: str
) -> None:
    ann = await factories.user(conn)
    new = "eleven owls upon a mossy roof"

    for method, path, body in [
        ("POST", "/v1/auth/login", {"identifier": ann.email, "password": wrong}),
        ("POST", "/v1/auth/reauthenticate", {"password": wrong}),
        ("PUT", "/v1/users/me/password", {"current_password": wrong, "new_password": new}),
    ]:
        response = await client.request(method, path, json=body, headers=acting_as(ann))
        problem(response, 401, "invalid_credentials")
