"""A device that is known has a count of its own: strangers neither slow it down nor stop it."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings, RateSettings
from src.database import Connection, Transaction
from tests import factories
from tests.auth.test_lockout import WRONG, held_up
from tests.conftest import Execute, MakeClient
from tests.devices.registering import bind, new_id, registered
from tests.http import acting_as, bearer, problem


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """A service where ten wrong passwords are free, and fifteen in a row the last."""
    rates = RateSettings(login_failures=10, login_failures_in_a_row=15)
    return await make_client(limits=LimitSettings(rates=rates))


@pytest.fixture
async def ann(conn: Connection) -> factories.User:
    return await factories.user(conn)


async def log_in(
    client: AsyncClient,
    user: factories.User,
    device_id: str | None = None,
    secret: str | None = None,
    *,
    password: str = factories.PASSWORD,
) -> Response:
    body: dict[str, Any] = {"identifier": user.email, "password": password}
    if device_id is not None:
        body["device"] = {"id": device_id, "type": "ios"}
    headers = {"X-Device-Secret": secret} if secret is not None else {}
    return await client.post("/v1/auth/login", json=body, headers=headers)


async def fail(client: AsyncClient, user: factories.User, times: int, *device: str) -> None:
    for _ in range(times):
        problem(await log_in(client, user, *device, password=WRONG), 401, "invalid_credentials")


async def known_device(client: AsyncClient, user: factories.User) -> tuple[str, str]:
    """Id and secret of a device that its owner has signed in on."""
    device_id = new_id()
    secret = await registered(client, device_id)
    response = await log_in(client, user, device_id, secret)
    assert response.status_code == 200, response.text
    return device_id, secret


async def test_after_ten_failures_of_a_stranger_the_known_device_signs_in_at_once(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device = await known_device(client, ann)
    await fail(client, ann, 10)
    await held_up(execute)

    problem(await log_in(client, ann), 401, "invalid_credentials")
    assert (await log_in(client, ann, *device)).status_code == 200
    # That it was the owner counts for everywhere.
    assert (await log_in(client, ann)).status_code == 200


async def test_a_password_that_is_off_is_on_again_by_a_known_device(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device = await known_device(client, ann)
    await fail(client, ann, 1)
    await execute("UPDATE login_attempt SET in_a_row = 15")
    problem(await log_in(client, ann), 401, "invalid_credentials")

    assert (await log_in(client, ann, *device)).status_code == 200
    assert (await log_in(client, ann)).status_code == 200


@pytest.mark.parametrize("other", ["no secret", "wrong secret", "somebody's", "unknown"])
async def test_only_a_device_of_theirs_that_proves_itself_counts_by_itself(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute, other: str
) -> None:
    device_id, secret = await known_device(client, ann)
    bobs = await known_device(client, await factories.user(conn))
    device: tuple[str, ...] = {
        "no secret": (device_id,),
        "wrong secret": (device_id, bobs[1]),
        "somebody's": bobs,
        "unknown": (new_id(), secret),
    }[other]
    await fail(client, ann, 10)
    await held_up(execute)

    problem(await log_in(client, ann, *device), 401, "invalid_credentials")


async def test_a_known_device_guesses_no_longer_than_any(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device = await known_device(client, ann)
    await fail(client, ann, 10, *device)
    await held_up(execute)

    # From here on it is counted as any other.
    await fail(client, ann, 10, *device)
    await held_up(execute)
    counted = await execute("SELECT in_a_row FROM login_attempt")
    assert counted == [(10,), (10,)]
    problem(await log_in(client, ann, *device), 401, "invalid_credentials")


async def test_a_known_device_that_fails_does_not_slow_its_owner_down_elsewhere(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device = await known_device(client, ann)
    await fail(client, ann, 10, *device)
    await held_up(execute)

    assert (await log_in(client, ann)).status_code == 200


@pytest.mark.parametrize("binder", ["session", "key"])
@pytest.mark.parametrize("before", ["new", "registered", "bound by signing in", "of another"])
async def test_a_device_that_was_only_bound_is_not_known(
    client: AsyncClient,
    ann: factories.User,
    conn: Transaction,
    execute: Execute,
    before: str,
    binder: str,
) -> None:
    """Whoever has stolen a session or a key could make one, and guess the password there."""
    device_id, secret = new_id(), None
    if before == "registered":
        secret = await registered(client, device_id)
    elif before == "bound by signing in":
        for _ in range(2):  # without a secret, which it has none of
            assert (await log_in(client, ann, device_id)).status_code == 200
    elif before == "of another":
        device_id, secret = await known_device(client, await factories.user(conn))
    key = await factories.api_key(conn, ann)
    headers = acting_as(ann) if binder == "session" else bearer(key)
    bound = await client.put(
        f"/v1/users/me/devices/{device_id}",
        json={"type": "ios"},
        headers=headers | ({"X-Device-Secret": secret} if secret else {}),
    )
    assert bound.status_code in {200, 201}, bound.text
    device = (device_id, secret or bound.json()["device_secret"])
    await fail(client, ann, 10)
    await held_up(execute)

    problem(await log_in(client, ann, *device), 401, "invalid_credentials")


async def test_a_device_that_was_bound_is_known_once_its_owner_has_signed_in_there(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device_id = new_id()
    secret = (await bind(client, ann, device_id)).json()["device_secret"]
    assert (await log_in(client, ann, device_id, secret)).status_code == 200
    assert (await bind(client, ann, device_id, name="My phone")).status_code == 200
    await execute("UPDATE session SET revoked_at = now(), revoke_reason = 'logout'")
    await fail(client, ann, 10)
    await held_up(execute)

    assert (await log_in(client, ann, device_id, secret)).status_code == 200


async def test_an_account_that_is_none_has_no_devices(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    device = await known_device(client, ann)
    for _ in range(2):
        response = await client.post(
            "/v1/auth/login",
            json={
                "identifier": "nobody@example.org",
                "password": WRONG,
                "device": {"id": device[0], "type": "ios"},
            },
            headers={"X-Device-Secret": device[1]},
        )
        problem(response, 401, "invalid_credentials")

    assert await execute("SELECT in_a_row FROM login_attempt") == [(2,)]
