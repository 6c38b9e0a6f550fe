"""Seeing where one is signed in, and ending that."""

from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem

SESSIONS = "/v1/users/me/sessions"


async def test_the_list_has_every_session_that_stands_and_marks_ones_own(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    phone, gone, expired = [await factories.session(conn, ann) for _ in range(3)]
    await factories.user(conn)
    await execute(
        "UPDATE session SET revoked_at = now(), revoke_reason = 'logout' WHERE id = %(id)s",
        id=gone.session_id,
    )
    await execute(
        "UPDATE session SET idle_expires_at = now() WHERE id = %(id)s", id=expired.session_id
    )
    await execute(
        "UPDATE session SET ip_prefix = '192.0.2.0/24', user_agent = 'Herons 1' WHERE id = %(id)s",
        id=phone.session_id,
    )

    response = await client.get(SESSIONS, headers=acting_as(ann))

    assert response.status_code == 200, response.text
    items = response.json()["items"]
    assert {item["id"]: item["current"] for item in items} == {
        str(ann.session_id): True,
        str(phone.session_id): False,
    }
    (shown,) = [item for item in items if not item["current"]]
    assert (shown["ip_prefix"], shown["user_agent_summary"], shown["aal"]) == (
        "192.0.2.0/24",
        "Herons 1",
        "aal1",
    )


async def test_the_list_comes_in_pages(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    others = [await factories.session(conn, ann) for _ in range(4)]

    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(SESSIONS, params=params, headers=acting_as(ann))).json()
        seen += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert sorted(seen) == sorted(str(each.session_id) for each in (ann, *others))


async def test_an_ended_session_is_refused_at_once_and_the_trail_tells(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    phone = await factories.session(conn, ann)

    response = await client.delete(f"{SESSIONS}/{phone.session_id}", headers=acting_as(ann))

    assert response.status_code == 204
    problem(await client.get("/v1/users/me", headers=acting_as(phone)), 401, "invalid_token")
    refreshed = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": phone.refresh_token}
    )
    problem(refreshed, 401, "refresh_invalid")
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    assert await execute(
        "SELECT object_id FROM audit_event WHERE action = 'session.revoked' AND actor_id = %(id)s",
        id=ann.id,
    ) == [(phone.session_id,)]
    again = await client.delete(f"{SESSIONS}/{phone.session_id}", headers=acting_as(ann))
    problem(again, 404, "session_not_found")


async def test_nobody_ends_somebody_elses_session(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    foreign = await client.delete(f"{SESSIONS}/{bob.session_id}", headers=acting_as(ann))
    missing = await client.delete(f"{SESSIONS}/{uuid4()}", headers=acting_as(ann))

    problem(foreign, 404, "session_not_found")
    problem(missing, 404, "session_not_found")
    assert (await client.get("/v1/users/me", headers=acting_as(bob))).status_code == 200


@pytest.mark.parametrize(
    ("body", "stays"), [(None, True), ({}, True), ({"except_current": False}, False)]
)
async def test_all_are_ended_but_for_this_one_unless_it_is_meant_too(
    client: AsyncClient, conn: Connection, body: dict[str, bool] | None, stays: bool
) -> None:
    ann = await factories.user(conn)
    phone = await factories.session(conn, ann)

    response = await client.request("DELETE", SESSIONS, json=body, headers=acting_as(ann))

    assert response.status_code == 204, response.text
    problem(await client.get("/v1/users/me", headers=acting_as(phone)), 401, "invalid_token")
    mine = await client.get("/v1/users/me", headers=acting_as(ann))
    assert mine.status_code == (200 if stays else 401)
