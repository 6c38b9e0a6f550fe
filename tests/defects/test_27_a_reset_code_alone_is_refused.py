"""A code is a guess among a million for one address, never among all users'."""

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.conftest import Work, work
from tests.conftest import Execute
from tests.http import problem

__all__ = ["work"]


@pytest.mark.parametrize(
    ("asking", "using", "template"),
    [
        ("password/recovery", "password/reset", Template.RESET_PASSWORD),
        ("login/link", "login/link/redeem", Template.MAGIC_LINK),
        ("login/code", "login/link/redeem", Template.LOGIN_CODE),
    ],
)
async def test_a_right_code_without_whose_it_is_does_nothing(
    client: AsyncClient,
    conn: Connection,
    work: Work,
    execute: Execute,
    asking: str,
    using: str,
    template: Template,
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await client.post(f"/v1/auth/{asking}", json={"email": ann.email})
    await work()
    code = (await mail.last(conn, to=ann.email, template=template)).params["code"]
    password = {"password": "eleven owls upon a mossy roof"} if "reset" in using else {}
    before = await execute("SELECT one_time_token::text FROM one_time_token")

    alone = await client.post(f"/v1/auth/{using}", json={"code": code, **password})
    problem(alone, 422, "validation_failed")
    if "redeem" in using:
        flowless = await client.post(f"/v1/auth/{using}", json={"code": code, "email": ann.email})
        problem(flowless, 422, "validation_failed")
    else:
        others = await client.post(
            f"/v1/auth/{using}", json={"code": code, "email": bob.email, **password}
        )
        problem(others, 400, "invalid_code")

    assert await execute("SELECT one_time_token::text FROM one_time_token") == before
