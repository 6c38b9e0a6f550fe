"""The audit log of a team."""

import pytest
from httpx2 import AsyncClient, Response

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem


async def log_of(
    client: AsyncClient, user: factories.User, team: object, **params: str
) -> Response:
    return await client.get(f"/v1/teams/{team}/audit-log", params=params, headers=acting_as(user))


async def test_the_log_tells_who_did_what(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=Role.ADMIN)
    eve = await factories.member(conn, team=team)
    other = await factories.team(conn, owner=ann)
    base = f"/v1/teams/{team.id}"
    for user, method, path, body in [
        (bob, "PATCH", base, {"name": "Herons"}),
        (bob, "PATCH", f"{base}/settings", {"locale": "de"}),
        (ann, "PATCH", f"{base}/members/{eve.id}", {"role": "editor"}),
        (bob, "DELETE", f"{base}/members/{eve.id}", None),
        (ann, "POST", f"{base}/transfer-ownership", {"user_id": str(bob.id)}),
        (ann, "DELETE", f"{base}/members/{ann.id}", None),
    ]:
        answer = await client.request(method, path, json=body, headers=acting_as(user))
        assert answer.is_success, answer.text

    response = await log_of(client, bob, team.id)

    assert response.status_code == 200, response.text
    events = response.json()["items"]
    assert response.json()["next_cursor"] is None
    assert events[0].keys() == {"id", "at", "action", "actor", "key_id", "object_id", "detail"}
    told = [
        (event["action"], event["actor"]["id"], event["object_id"], event["detail"])
        for event in reversed(events)
    ]
    team_id, a, b, e = (str(key) for key in (team.id, ann.id, bob.id, eve.id))
    assert told == [
        ("team.created", a, team_id, {}),
        ("team.changed", b, team_id, {"name": "Herons"}),
        ("team.settings_changed", b, team_id, {"locale": "de"}),
        ("team.role_changed", a, e, {"from": "viewer", "to": "editor"}),
        ("team.member_removed", b, e, {"role": "editor"}),
        ("team.ownership_transferred", a, b, {"own_role": "admin"}),
        ("team.member_left", a, a, {"role": "admin"}),
    ]
    assert events[0]["actor"] == {
        "id": a,
        "kind": "person",
        "username": ann.username,
        "display_name": "",
    }
    assert "@" not in response.text
    assert str(other.id) not in response.text


async def test_the_log_comes_in_pages_and_by_kind_and_actor(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    await execute(
        "INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)"
        " SELECT CASE n %% 3 WHEN 0 THEN %(ann)s::uuid WHEN 1 THEN %(bob)s::uuid END, %(team)s,"
        "        CASE n %% 2 WHEN 0 THEN 'applet.created' ELSE 'applet.published' END, NULL,"
        "        jsonb_build_object('n', n)"
        "   FROM generate_series(1, 12) AS n ORDER BY n",
        ann=ann.id,
        bob=bob.id,
        team=team.id,
    )

    async def numbers(**params: str) -> list[int]:
        found: list[int] = []
        while True:
            response = await log_of(client, ann, team.id, limit="2", **params)
            assert response.status_code == 200, response.text
            page = response.json()
            assert len(page["items"]) <= 2
            found += [event["detail"]["n"] for event in page["items"] if event["detail"]]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]

    assert await numbers() == list(range(12, 0, -1))
    assert await numbers(action="applet.created") == [12, 10, 8, 6, 4, 2]
    assert await numbers(actor_id=str(bob.id)) == [10, 7, 4, 1]
    assert await numbers(actor_id=str(bob.id), action="applet.created") == [10, 4]
    response = await log_of(client, ann, team.id, action="applet.published")
    nobody = [event for event in response.json()["items"] if event["actor"] is None]
    assert [event["detail"]["n"] for event in nobody] == [11, 5]


@pytest.mark.parametrize("cursor", ["", "0", "-1", "x", "1.5", "9" * 19, "1 ", "²", "01"])
async def test_a_cursor_of_no_log_is_refused(
    client: AsyncClient, conn: Connection, cursor: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    problem(await log_of(client, ann, team.id, cursor=cursor), 400, "invalid_cursor")


async def test_a_filter_that_is_none_is_refused(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    kind = await log_of(client, ann, team.id, action="team.exploded")
    actor = await log_of(client, ann, team.id, actor_id="ann")

    assert {pointer for pointer, _ in mistakes(kind)} == {"/query/action"}
    assert {pointer for pointer, _ in mistakes(actor)} == {"/query/actor_id"}


@pytest.mark.parametrize("role", list(Role))
async def test_admins_read_the_log(client: AsyncClient, conn: Connection, role: Role) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)

    response = await log_of(client, bob, team.id)

    if role.includes(Role.ADMIN):
        assert response.status_code == 200
    else:
        problem(response, 403, "role_too_low")
