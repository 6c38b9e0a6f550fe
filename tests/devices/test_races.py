import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.devices.registering import bind, devices, new_id, register, registered

pytestmark = pytest.mark.committed

CALLERS = 50


async def test_a_push_token_that_many_devices_bring_is_kept_once(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    answers = await asyncio.gather(
        *(bind(client, ann, new_id(), push_token="one") for _ in range(CALLERS))
    )

    assert Counter(answer.status_code for answer in answers) == {201: CALLERS}
    assert await execute("SELECT count(*) FROM push_token") == [(1,)]
    page = await client.get(
        "/v1/users/me/devices?limit=100", headers={"Authorization": f"Bearer {ann.access_token}"}
    )
    has = Counter(device["has_push_token"] for device in page.json()["items"])
    assert has == {True: 1, False: CALLERS - 1}


async def test_a_device_that_brings_many_push_tokens_keeps_one(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, device_id = await factories.user(conn), new_id()

    answers = await asyncio.gather(
        *(bind(client, ann, device_id, push_token=f"token{n}") for n in range(CALLERS))
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: CALLERS - 1}
    assert await execute("SELECT count(*) FROM push_token") == [(1,)]


async def test_of_many_first_calls_one_is_told_the_secret(client: AsyncClient) -> None:
    device_id = new_id()

    answers = await asyncio.gather(*(register(client, device_id) for _ in range(CALLERS)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 403: CALLERS - 1}


async def test_of_two_users_who_sign_in_with_the_secret_the_last_has_the_device(
    client: AsyncClient, conn: Connection
) -> None:
    users = [await factories.user(conn) for _ in range(2)]
    device_id = new_id()
    secret = await registered(client, device_id)

    await asyncio.gather(
        *(bind(client, users[n % 2], device_id, secret=secret) for n in range(CALLERS))
    )

    owned = [len(await devices(client, user)) for user in users]
    assert sorted(owned) == [0, 1]
