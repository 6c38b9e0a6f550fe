"""Devices of those who sign in and out."""

from typing import Any

from httpx2 import AsyncClient, Response

from src.database import Connection, Transaction
from tests import factories
from tests.auth.mfa.securing import code_of, second_step, secure
from tests.conftest import Execute
from tests.devices.registering import bind, devices, new_id, registered
from tests.http import acting_as, bearer, problem


async def log_in(
    client: AsyncClient,
    user: factories.User,
    device: dict[str, Any] | None,
    *,
    secret: str | None = None,
    password: str = factories.PASSWORD,
) -> Response:
    body = {"identifier": user.email, "password": password, "device": device}
    headers = {"X-Device-Secret": secret} if secret is not None else {}
    return await client.post("/v1/auth/login", json=body, headers=headers)


async def test_signing_in_on_a_device_binds_it(client: AsyncClient, conn: Connection) -> None:
    ann, device_id = await factories.user(conn), new_id()

    response = await log_in(client, ann, {"id": device_id, "type": "android", "name": "Tablet"})

    assert response.status_code == 200, response.text
    (device,) = await devices(client, ann)
    assert (device["id"], device["type"], device["name"]) == (device_id, "android", "Tablet")
    token = response.json()["tokens"]["access_token"]
    session = await client.get("/v1/auth/session", headers=bearer(token))
    assert session.json()["session"]["device_id"] == device_id


async def test_a_device_that_was_bound_by_signing_in_gets_its_secret_from_its_owner(
    client: AsyncClient, conn: Connection
) -> None:
    ann, device_id = await factories.user(conn), new_id()
    await log_in(client, ann, {"id": device_id, "type": "ios"})

    first, second = await bind(client, ann, device_id), await bind(client, ann, device_id)

    assert first.status_code == 200, first.text
    assert first.json()["device_secret"].startswith("core_dev_")
    assert second.json()["device_secret"] is None


async def test_nobody_signs_in_on_the_device_of_another_without_its_secret(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id = new_id()
    secret = await registered(client, device_id)
    await bind(client, ann, device_id, secret=secret)
    sessions = await execute("SELECT count(*) FROM session")

    refused = await log_in(client, bob, {"id": device_id, "type": "ios"})
    assert await execute("SELECT count(*) FROM session") == sessions
    response = await log_in(client, bob, {"id": device_id, "type": "ios"}, secret=secret)

    problem(refused, 403, "device_owned")
    assert response.status_code == 200, response.text
    assert [device["id"] for device in await devices(client, bob)] == [device_id]


async def test_a_wrong_password_binds_no_device(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    response = await log_in(client, ann, {"id": new_id(), "type": "ios"}, password="wrong")

    problem(response, 401, "invalid_credentials")
    assert await execute("SELECT 1 FROM device") == []


async def test_signing_out_silences_the_device_that_it_names(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    here, there = new_id(), new_id()
    await bind(client, ann, here)
    await bind(client, ann, there)
    other = await factories.session(conn, ann)

    response = await client.post(
        "/v1/auth/logout", json={"device_id": here}, headers=acting_as(ann)
    )

    assert response.status_code == 204, response.text
    active = {device["id"]: device["active"] for device in await devices(client, other)}
    assert active == {here: False, there: True}


async def test_signing_out_leaves_the_devices_of_others_alone(
    client: AsyncClient, conn: Connection
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id = new_id()
    await bind(client, ann, device_id)

    response = await client.post(
        "/v1/auth/logout", json={"device_id": device_id}, headers=acting_as(bob)
    )

    assert response.status_code == 204, response.text
    assert [device["active"] for device in await devices(client, ann)] == [True]


async def test_signing_in_again_wakes_the_device(client: AsyncClient, conn: Connection) -> None:
    ann, device_id = await factories.user(conn), new_id()
    await bind(client, ann, device_id, active=False)

    await log_in(client, ann, {"id": device_id, "type": "ios"})

    assert [device["active"] for device in await devices(client, ann)] == [True]


async def test_with_a_second_factor_the_device_is_bound_by_the_second_step(
    client: AsyncClient, conn: Transaction
) -> None:
    """Who knows the password alone gets no pushes of the account's."""
    ann, device_id = await secure(conn), new_id()
    first = await log_in(client, ann.user, {"id": device_id, "type": "ios", "name": "Phone"})
    between = await devices(client, ann.user)

    ticket = first.json()["mfa"]["ticket"]
    second = await second_step(client, ticket, code_of(ann.seed))

    assert between == []
    assert second.status_code == 200, second.text
    (device,) = await devices(client, ann.user)
    assert (device["id"], device["name"]) == (device_id, "Phone")
