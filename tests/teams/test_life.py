"""Deleting a team, restoring it, and what is purged."""

import pytest
from httpx2 import AsyncClient, Response
from procrastinate import App, JobContext
from procrastinate.jobs import Job
from procrastinate.testing import InMemoryConnector
from uuid_utils.compat import uuid7

from src.database import Connection, Pools, Transaction
from src.teams import service, tasks
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem, without_ids


async def delete(
    client: AsyncClient, user: factories.User, team: object, confirm: object = "Birds"
) -> Response:
    return await client.request(
        "DELETE", f"/v1/teams/{team}", json={"confirm": confirm}, headers=acting_as(user)
    )


async def restore(client: AsyncClient, user: factories.User, team: object) -> Response:
    return await client.post(f"/v1/teams/{team}/restore", headers=acting_as(user))


async def listed(client: AsyncClient, user: factories.User, query: str = "") -> list[str]:
    response = await client.get(f"/v1/teams{query}", headers=acting_as(user))
    assert response.status_code == 200, response.text
    return [team["id"] for team in response.json()["items"]]


async def purge(pools: Pools) -> None:
    context = JobContext(
        app=App(connector=InMemoryConnector()),
        job=Job(
            id=1, queue="default", lock=None, queueing_lock=None, task_name="x", task_kwargs={}
        ),
        start_timestamp=0.0,
        abort_reason=lambda: None,
        additional_context={"pools": pools},
    )
    await tasks.purge_teams(context, timestamp=0)


async def test_a_deleted_team_exists_for_nobody_and_comes_back_whole(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    made = await factories.applet(conn)
    ann, team, applet = made.owner, made.team, made.applet
    members = [await factories.member(conn, team=team, role=role) for role in Role]
    everybody = [ann, *members]
    before = (await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))).json()

    response = await delete(client, ann, team.id, team.name)

    assert response.status_code == 202, response.text
    told = response.json()
    assert told["deleted_at"] is not None
    assert told == {
        **before,
        "version": before["version"] + 1,
        "updated_at": told["updated_at"],
        "deleted_at": told["deleted_at"],
    }
    for user in everybody:
        assert await listed(client, user) == []
        for method, path, body, code in [
            ("GET", f"/v1/teams/{team.id}", None, "team_not_found"),
            ("PATCH", f"/v1/teams/{team.id}", {"name": "x"}, "team_not_found"),
            ("PATCH", f"/v1/teams/{team.id}/settings", {"locale": "de"}, "team_not_found"),
            ("DELETE", f"/v1/teams/{team.id}", {"confirm": team.name}, "team_not_found"),
            ("GET", f"/v1/teams/{team.id}/members", None, "team_not_found"),
            ("DELETE", f"/v1/teams/{team.id}/members/{user.id}", None, "team_not_found"),
            ("PATCH", f"/v1/teams/{team.id}/members/{user.id}", {"role": "editor"}, None),
            ("GET", f"/v1/teams/{team.id}/audit-log", None, "team_not_found"),
            ("POST", f"/v1/teams/{team.id}/transfer-ownership", {"user_id": str(ann.id)}, None),
            ("GET", f"/v1/teams/{team.id}/applets", None, "team_not_found"),
            ("POST", f"/v1/teams/{team.id}/applets", {"name": "x"}, "team_not_found"),
            ("GET", f"/v1/applets/{applet.id}", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/draft", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/versions", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/content", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/submissions", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/data.csv", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/data.ndjson", None, "applet_not_found"),
            ("GET", f"/v1/applets/{applet.id}/statistics", None, "applet_not_found"),
        ]:
            answer = await client.request(method, path, json=body, headers=acting_as(user))
            problem(answer, 404, code or "team_not_found")
    owners = [ann, members[-1]]
    for user in everybody:
        seen = await listed(client, user, "?deleted=true")
        assert seen == ([str(team.id)] if user in owners else [])
        if user not in owners:
            problem(await restore(client, user, team.id), 404, "team_not_found")

    back = await restore(client, owners[-1], team.id)

    assert back.status_code == 200, back.text
    shown = await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))
    assert shown.json() == back.json()
    assert shown.json() == {
        **before,
        "version": before["version"] + 2,
        "updated_at": shown.json()["updated_at"],
    }
    for user in everybody:
        found = await client.get(f"/v1/applets/{applet.id}", headers=acting_as(user))
        assert found.status_code == 200
    assert await listed(client, ann, "?deleted=true") == []
    rows = await execute(
        "SELECT action, actor_id FROM audit_event WHERE team_id = %(id)s AND action LIKE 'team.%%'"
        " ORDER BY id OFFSET 1",
        id=team.id,
    )
    assert rows == [("team.deleted", ann.id), ("team.restored", owners[-1].id)]


@pytest.mark.parametrize("confirm", ["", "birds", "Birds ", "Bird"])
async def test_who_deletes_names_the_team(
    client: AsyncClient, conn: Connection, confirm: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann, name="Birds")

    assert mistakes(await delete(client, ann, team.id, confirm)) == {("/confirm", "mismatch")}
    assert await listed(client, ann) == [str(team.id)]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
async def test_owners_delete_and_nobody_else(
    client: AsyncClient, conn: Connection, role: Role
) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann, name="Birds")
    bob = await factories.member(conn, team=team, role=role)

    problem(await delete(client, bob, team.id), 403, "role_too_low")
    problem(await delete(client, eve, team.id), 404, "team_not_found")


async def test_deleting_needs_a_fresh_sign_in(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann, name="Birds")
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await delete(client, ann, team.id), 403, "fresh_login_required")
    assert await listed(client, ann) == [str(team.id)]


async def test_a_team_that_is_not_deleted_is_not_restored(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    live = problem(await restore(client, ann, team.id), 404, "team_not_found")
    missing = problem(await restore(client, ann, uuid7()), 404, "team_not_found")

    assert without_ids(live) == without_ids(missing)


async def test_a_deleted_team_keeps_its_address(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    body = {"name": "Birds", "slug": "birds"}
    made = await client.post("/v1/teams", json=body, headers=acting_as(ann))
    await delete(client, ann, made.json()["id"])

    taken = await client.post("/v1/teams", json=body, headers=acting_as(ann))

    problem(taken, 409, "slug_taken")


@pytest.mark.parametrize(("days", "is_purged"), [(29, False), (30, True), (400, True)])
async def test_thirty_days_later_a_team_is_gone(
    client: AsyncClient, conn: Connection, execute: Execute, days: int, is_purged: bool
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann, name="Birds")
    other = await factories.team(conn, owner=ann, name="Fish")
    await factories.member(conn, team=team)
    await delete(client, ann, team.id)
    await execute(
        "UPDATE team SET deleted_at = deleted_at - make_interval(days => %(days)s)", days=days
    )

    assert await listed(client, ann, "?deleted=true") == ([] if is_purged else [str(team.id)])
    if is_purged:
        problem(await restore(client, ann, team.id), 404, "team_not_found")
    await purge(factories.lending(conn))
    await purge(factories.lending(conn))

    left = await execute("SELECT id FROM team ORDER BY id")
    assert left == ([(other.id,)] if is_purged else [(team.id,), (other.id,)])
    rows = await execute("SELECT count(*) FROM team_member WHERE team_id = %(id)s", id=team.id)
    assert rows == [(0 if is_purged else 2,)]
    events = await execute(
        "SELECT actor_id, team_id, detail FROM audit_event WHERE action = 'team.purged'"
    )
    assert events == ([(None, team.id, {"name": "Birds"})] if is_purged else [])


@pytest.mark.committed
async def test_a_purge_goes_on_past_a_hundred_and_keeps_what_has_applets(
    conn: Transaction, pools: Pools, execute: Execute
) -> None:
    made = await factories.applet(conn)
    await execute(
        "WITH made AS (INSERT INTO team (name, deleted_at)"
        " SELECT n::text, now() - interval '31 days' FROM generate_series(1, 150) AS n)"
        " UPDATE team SET deleted_at = now() - interval '40 days'"
    )

    await purge(pools)

    assert await execute("SELECT id FROM team") == [(made.team.id,)]
    assert await execute("SELECT count(*) FROM applet_version") == [(1,)]


async def test_a_team_that_is_not_due_is_not_purged(conn: Connection, execute: Execute) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    assert not await service.purge(conn, team_id=team.id)
    assert await execute("SELECT count(*) FROM team") == [(1,)]
