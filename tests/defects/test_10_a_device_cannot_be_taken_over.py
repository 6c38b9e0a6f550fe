"""A device is re-tokened, woken and given to somebody by nobody who cannot prove to be it."""

from typing import LiteralString

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.devices.registering import bind, new_id, register, registered
from tests.http import problem


@pytest.mark.parametrize("secret", [None, "core_dev_guessed"])
@pytest.mark.parametrize("is_told", [True, False])
async def test_an_anonymous_call_neither_re_tokens_nor_wakes_a_bound_device(
    client: AsyncClient, conn: Connection, execute: Execute, secret: str | None, is_told: bool
) -> None:
    ann, device_id = await factories.user(conn), new_id()
    own = await registered(client, device_id) if is_told else None
    await bind(client, ann, device_id, secret=own, push_token="own", active=False)
    shown: LiteralString = (
        "SELECT device.*, push_token.* FROM device JOIN push_token ON device_id = device.id"
    )
    before = await execute(shown)

    response = await register(client, device_id, secret=secret, push_token="stolen")

    problem(response, 403, "device_owned")
    assert await execute(shown) == before


async def test_not_even_the_device_itself_wakes_whom_its_user_has_silenced(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, device_id = await factories.user(conn), new_id()
    secret = await registered(client, device_id)
    await bind(client, ann, device_id, secret=secret, active=False)

    response = await register(client, device_id, secret=secret, push_token="new")

    assert response.status_code == 200, response.text
    assert await execute("SELECT account_id, is_active FROM device") == [(ann.id, False)]


@pytest.mark.parametrize("is_bound", [True, False])
async def test_another_user_does_not_get_the_device(
    client: AsyncClient, conn: Connection, execute: Execute, is_bound: bool
) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    device_id = new_id()
    secret = await registered(client, device_id, push_token="own")
    if is_bound:
        await bind(client, ann, device_id, secret=secret)

    by_hand = await bind(client, eve, device_id, push_token="stolen")
    by_signing_in = await client.post(
        "/v1/auth/login",
        json={
            "identifier": eve.email,
            "password": eve.password,
            "device": {"id": device_id, "type": "ios"},
        },
    )

    problem(by_hand, 403, "device_owned")
    problem(by_signing_in, 403, "device_owned")
    owner = ann.id if is_bound else None
    assert await execute("SELECT account_id FROM device") == [(owner,)]
