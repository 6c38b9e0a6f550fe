import json

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.devices.registering import (
    bind,
    browser,
    devices,
    new_id,
    register,
    registered,
)
from tests.http import acting_as, mistakes, problem


async def test_the_first_call_tells_a_secret_and_later_ones_prove_themselves_by_it(
    client: AsyncClient,
) -> None:
    device_id = new_id()

    first = await register(client, device_id, push_token="one", app_version="1.0")
    secret = first.json()["device_secret"]
    later = await register(client, device_id, secret=secret, app_version="1.1")

    assert first.status_code == 201, first.text
    assert secret.startswith("core_dev_")
    assert first.headers["cache-control"] == "no-store"
    assert later.status_code == 200, later.text
    assert later.json() == {
        "id": device_id,
        "type": "ios",
        "app_version": "1.1",
        "has_push_token": True,
        "device_secret": None,
    }


@pytest.mark.parametrize("secret", [None, "core_dev_of_another", ""])
async def test_a_known_device_is_changed_by_nobody_without_its_secret(
    client: AsyncClient, execute: Execute, secret: str | None
) -> None:
    device_id = new_id()
    await registered(client, device_id, app_version="1.0")

    response = await register(client, device_id, secret=secret, app_version="6.6", push_token="x")

    problem(response, 403, "device_owned")
    assert await execute("SELECT app_version FROM device") == [("1.0",)]
    assert await execute("SELECT 1 FROM push_token") == []


async def test_the_database_holds_neither_secret_nor_push_token(
    client: AsyncClient, execute: Execute
) -> None:
    token = "a-registration-token"
    secret = await registered(client, new_id(), push_token=token)

    rows = await execute("SELECT device::text, push_token::text FROM device, push_token")

    for known in (secret, token, token.encode().hex(), secret.encode().hex()):
        assert known not in str(rows)


async def test_binding_makes_a_device_ones_own(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id = new_id()

    response = await bind(client, ann, device_id, name="Ann's phone", push_token="one")

    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/v1/users/me/devices/{device_id}"
    body = response.json()
    assert body.pop("device_secret").startswith("core_dev_")
    assert (body["name"], body["active"], body["has_push_token"]) == ("Ann's phone", True, True)
    assert await devices(client, ann) == [body]
    assert await devices(client, bob) == []


async def test_what_is_left_out_of_a_change_stays_as_it_is(
    client: AsyncClient, conn: Connection
) -> None:
    ann, device_id = await factories.user(conn), new_id()
    await bind(client, ann, device_id, name="Ann's phone", push_token="one")

    response = await bind(client, ann, device_id, active=False)

    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["name"], body["active"], body["has_push_token"], body["device_secret"]) == (
        "Ann's phone",
        False,
        True,
        None,
    )


async def test_who_has_the_secret_takes_the_device_over_from_who_was_there_before(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id = new_id()
    secret = await registered(client, device_id)
    await bind(client, ann, device_id, secret=secret, name="Ann's phone")

    refused = await bind(client, bob, device_id)
    response = await bind(client, bob, device_id, secret=secret)

    problem(refused, 403, "device_owned")
    assert response.status_code == 200, response.text
    assert (response.json()["name"], response.json()["device_secret"]) == ("", None)
    assert await devices(client, ann) == []
    rows = await execute("SELECT actor_id FROM audit_event WHERE action = 'device.bound'")
    assert sorted(rows) == sorted([(ann.id,), (bob.id,)])


async def test_a_push_token_moves_to_the_device_that_comes_with_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, old, new = await factories.user(conn), new_id(), new_id()
    await bind(client, ann, old, push_token="one")

    await bind(client, ann, new, push_token="one")

    has = {device["id"]: device["has_push_token"] for device in await devices(client, ann)}
    assert has == {old: False, new: True}
    assert len(await execute("SELECT 1 FROM push_token")) == 1


async def test_a_new_push_token_takes_the_place_of_the_old_one(
    client: AsyncClient, execute: Execute
) -> None:
    device_id = new_id()
    secret = await registered(client, device_id, push_token="one")
    before = await execute("SELECT token_hash FROM push_token")

    await register(client, device_id, secret=secret, push_token="two")

    after = await execute("SELECT token_hash FROM push_token")
    assert len(after) == 1
    assert after != before


async def test_a_browser_may_change_the_keys_of_a_subscription(
    client: AsyncClient, execute: Execute
) -> None:
    """The endpoint makes it the same."""
    await registered(client, new_id(), type="web", push_token=browser().subscription())
    await registered(client, new_id(), type="web", push_token=browser().subscription())

    assert len(await execute("SELECT 1 FROM push_token")) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://updates.push.services.mozilla.com/wpush/v2/one",
        "https://127.0.0.1/latest/meta-data",
        "https://push.services.mozilla.com.evil.example/one",
        "https://evilpush.services.mozilla.com/one",
        "https://push.services.mozilla.com:8443/one",
        "https://user@push.services.mozilla.com/one",
        "https://push.services.mozilla.com@evil.example/one",
        "https://push.services.mozilla.com\\@evil.example/one",
        "https://[::1/one",
        "/one",
    ],
)
async def test_no_push_service_is_called_that_the_settings_do_not_name(
    client: AsyncClient, execute: Execute, endpoint: str
) -> None:
    token = browser(endpoint).subscription()

    response = await register(client, new_id(), type="web", push_token=token)

    assert mistakes(response) == {("/push_token", "invalid_push_token")}
    assert await execute("SELECT 1 FROM device") == []


def changed(**changes: object) -> str:
    return json.dumps({**json.loads(browser().subscription()), **changes})


@pytest.mark.parametrize(
    ("type_", "token"),
    [
        ("ios", "two words"),
        ("android", "été"),
        ("web", "no JSON"),
        ("web", "{}"),
        ("web", changed(keys={"p256dh": "AAAA", "auth": "AAAA"})),
        ("web", changed(keys={"p256dh": "é", "auth": "é"})),
        ("web", changed(keys={"p256dh": "A" * 87, "auth": "A" * 22})),
    ],
)
async def test_a_push_token_that_cannot_work_is_refused(
    client: AsyncClient, type_: str, token: str
) -> None:
    response = await register(client, new_id(), type=type_, push_token=token)

    assert mistakes(response) == {("/push_token", "invalid_push_token")}


async def test_a_device_is_removed_by_who_is_signed_in_on_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id = new_id()
    await bind(client, ann, device_id, push_token="one")
    url = f"/v1/users/me/devices/{device_id}"

    refused = await client.delete(url, headers=acting_as(bob))
    response = await client.delete(url, headers=acting_as(ann))

    problem(refused, 404, "device_not_found")
    assert response.status_code == 204, response.text
    assert await devices(client, ann) == []
    assert await execute("SELECT 1 FROM push_token") == []
    rows = await execute("SELECT actor_id FROM audit_event WHERE action = 'device.removed'")
    assert rows == [(ann.id,)]


async def test_devices_come_in_pages(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    ids = {new_id() for _ in range(3)}
    for device_id in ids:
        await bind(client, ann, device_id)
    url = "/v1/users/me/devices"

    first = await client.get(f"{url}?limit=2", headers=acting_as(ann))
    cursor = first.json()["next_cursor"]
    second = await client.get(f"{url}?limit=2&cursor={cursor}", headers=acting_as(ann))

    pages = [[device["id"] for device in page.json()["items"]] for page in (first, second)]
    assert [len(page) for page in pages] == [2, 1]
    assert {*pages[0], *pages[1]} == ids
    assert second.json()["next_cursor"] is None
