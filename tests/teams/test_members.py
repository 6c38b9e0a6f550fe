"""Who is in a team: looking, changing roles, removing, leaving, transferring."""

import pytest
from httpx2 import AsyncClient, Response
from uuid_utils.compat import uuid7

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem

RANKS = list(Role)


async def update(
    client: AsyncClient, actor: factories.User, team: object, user: object, role: object
) -> Response:
    return await client.patch(
        f"/v1/teams/{team}/members/{user}", json={"role": role}, headers=acting_as(actor)
    )


async def remove(
    client: AsyncClient, actor: factories.User, team: object, user: object
) -> Response:
    return await client.delete(f"/v1/teams/{team}/members/{user}", headers=acting_as(actor))


async def transfer(
    client: AsyncClient, actor: factories.User, team: object, user: object, **more: object
) -> Response:
    return await client.post(
        f"/v1/teams/{team}/transfer-ownership",
        json={"user_id": str(user), **more},
        headers=acting_as(actor),
    )


async def roles(client: AsyncClient, actor: factories.User, team: object) -> dict[str, str]:
    response = await client.get(f"/v1/teams/{team}/members", headers=acting_as(actor))
    assert response.status_code == 200, response.text
    return {item["user"]["id"]: item["role"] for item in response.json()["items"]}


@pytest.mark.parametrize("role", RANKS)
async def test_members_see_each_other_and_only_admins_see_emails(
    client: AsyncClient, conn: Connection, role: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)

    response = await client.get(f"/v1/teams/{team.id}/members", headers=acting_as(bob))

    assert response.status_code == 200, response.text
    page = response.json()
    assert page["next_cursor"] is None
    sees = role.includes(Role.ADMIN)
    assert [item["user"] for item in page["items"]] == [
        {
            "id": str(user.id),
            "kind": "person",
            "username": user.username,
            "display_name": "",
            "email": user.email if sees else None,
        }
        for user in (ann, bob)
    ]
    assert [item["role"] for item in page["items"]] == ["owner", role]
    assert all(item.keys() == {"user", "role", "joined_at"} for item in page["items"])
    if not sees:
        assert "@" not in response.text


async def test_members_come_in_pages_each_once(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    made = [ann, *[await factories.member(conn, team=team) for _ in range(6)]]
    # All in one moment: the cursor must not depend on the time alone.
    await execute("UPDATE team_member SET joined_at = now()")

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        response = await client.get(
            f"/v1/teams/{team.id}/members", params={"limit": "3", **cursor}, headers=acting_as(ann)
        )
        page = response.json()
        seen += [item["user"]["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == sorted(str(user.id) for user in made)


@pytest.mark.parametrize("own", RANKS)
@pytest.mark.parametrize("theirs", RANKS)
@pytest.mark.parametrize("new", RANKS)
async def test_nobody_gives_or_takes_a_role_above_their_own(
    client: AsyncClient, conn: Connection, own: Role, theirs: Role, new: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    actor = await factories.member(conn, team=team, role=own)
    other = await factories.member(conn, team=team, role=theirs)

    response = await update(client, actor, team.id, other.id, new)

    now = (await roles(client, ann, team.id))[str(other.id)]
    if not own.includes(Role.ADMIN):
        problem(response, 403, "role_too_low")
        assert now == theirs
    elif own is Role.ADMIN and Role.OWNER in (theirs, new):
        problem(response, 403, "role_above_own")
        assert now == theirs
    else:
        assert response.status_code == 200, response.text
        body = response.json()
        assert (body["user"]["id"], body["role"]) == (str(other.id), new)
        assert body["user"]["email"] == other.email
        assert now == new


@pytest.mark.parametrize("own", RANKS)
@pytest.mark.parametrize("theirs", RANKS)
async def test_nobody_removes_who_is_above_them(
    client: AsyncClient, conn: Connection, own: Role, theirs: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    actor = await factories.member(conn, team=team, role=own)
    other = await factories.member(conn, team=team, role=theirs)

    response = await remove(client, actor, team.id, other.id)

    is_there = str(other.id) in await roles(client, ann, team.id)
    if not own.includes(Role.ADMIN):
        problem(response, 403, "role_too_low")
        assert is_there
    elif own is Role.ADMIN and theirs is Role.OWNER:
        problem(response, 403, "role_above_own")
        assert is_there
    else:
        assert (response.status_code, response.content) == (204, b"")
        assert not is_there
        gone = await client.get(f"/v1/teams/{team.id}", headers=acting_as(other))
        problem(gone, 404, "team_not_found")


@pytest.mark.parametrize("own", [Role.ADMIN, Role.OWNER])
@pytest.mark.parametrize("new", RANKS)
async def test_nobody_changes_their_own_role(
    client: AsyncClient, conn: Connection, own: Role, new: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    actor = await factories.member(conn, team=team, role=own)

    response = await update(client, actor, team.id, actor.id, new)

    problem(response, 403, "cannot_change_self")
    assert (await roles(client, ann, team.id))[str(actor.id)] == own


@pytest.mark.parametrize("role", RANKS)
async def test_everybody_may_leave(client: AsyncClient, conn: Connection, role: Role) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)

    response = await remove(client, bob, team.id, bob.id)

    assert response.status_code == 204, response.text
    assert str(bob.id) not in await roles(client, ann, team.id)
    problem(await remove(client, bob, team.id, bob.id), 404, "team_not_found")


async def test_the_last_owner_stays(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    await factories.member(conn, team=team, role=Role.ADMIN)

    response = await remove(client, ann, team.id, ann.id)

    problem(response, 409, "last_owner")
    assert (await roles(client, ann, team.id))[str(ann.id)] == "owner"


async def test_who_is_no_member_cannot_be_changed_or_removed(
    client: AsyncClient, conn: Connection
) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    for user in (eve.id, uuid7()):
        changed = await update(client, ann, team.id, user, "editor")
        problem(changed, 404, "member_not_found")
        problem(await remove(client, ann, team.id, user), 404, "member_not_found")
        given = await transfer(client, ann, team.id, user)
        problem(given, 409, "not_a_member")


async def test_the_path_says_whose_role_changes_and_nothing_else(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    response = await client.patch(
        f"/v1/teams/{team.id}/members/{bob.id}",
        json={"role": "admin", "user_id": str(ann.id), "team_id": str(uuid7())},
        headers=acting_as(ann),
    )

    assert mistakes(response) == {("/user_id", "unknown_field"), ("/team_id", "unknown_field")}
    assert (await roles(client, ann, team.id))[str(bob.id)] == "viewer"


@pytest.mark.parametrize("role", ["boss", "", "OWNER", None, 3, ["admin"]])
async def test_a_role_that_is_none_is_refused(
    client: AsyncClient, conn: Connection, role: object
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    response = await update(client, ann, team.id, bob.id, role)

    assert {pointer for pointer, _ in mistakes(response)} == {"/role"}


async def test_to_an_outsider_no_team_has_members(client: AsyncClient, conn: Connection) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    for response in (
        await client.get(f"/v1/teams/{team.id}/members", headers=acting_as(eve)),
        await client.get(f"/v1/teams/{team.id}/audit-log", headers=acting_as(eve)),
        await update(client, eve, team.id, bob.id, "editor"),
        await remove(client, eve, team.id, bob.id),
        await remove(client, eve, team.id, eve.id),
        await transfer(client, eve, team.id, bob.id),
    ):
        problem(response, 404, "team_not_found")


@pytest.mark.parametrize("demoted", ["viewer", "editor", "admin", None])
@pytest.mark.parametrize("was", RANKS)
async def test_ownership_goes_over_in_one_step(
    client: AsyncClient, conn: Connection, demoted: str | None, was: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=was)
    more = {"demote_self_to": demoted} if demoted else {}

    response = await transfer(client, ann, team.id, bob.id, **more)

    assert response.status_code == 200, response.text
    own = demoted or "admin"
    assert (response.json()["id"], response.json()["my_role"]) == (str(team.id), own)
    assert await roles(client, bob, team.id) == {str(ann.id): own, str(bob.id): "owner"}


async def test_ownership_goes_to_another_and_down(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=Role.ADMIN)

    problem(await transfer(client, ann, team.id, ann.id), 403, "cannot_change_self")
    problem(await transfer(client, bob, team.id, bob.id), 403, "role_too_low")
    refused = await transfer(client, ann, team.id, bob.id, demote_self_to="owner")
    assert mistakes(refused) == {("/demote_self_to", "unknown_choice")}


@pytest.mark.parametrize("status", ["disabled", "deleting"])
@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
async def test_nobody_becomes_owner_whose_account_is_not_in_use(
    client: AsyncClient, conn: Connection, execute: Execute, role: Role, status: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)
    await execute(
        "UPDATE account SET status = %(status)s,"
        "       erase_at = CASE %(status)s WHEN 'deleting' THEN now() END WHERE id = %(id)s",
        id=bob.id,
        status=status,
    )

    problem(await transfer(client, ann, team.id, bob.id), 409, "account_not_in_use")
    made = await update(client, ann, team.id, bob.id, "owner")

    problem(made, 409, "account_not_in_use")
    assert await roles(client, ann, team.id) == {str(ann.id): "owner", str(bob.id): role}
    # Less than an owner they may become as before.
    assert (await update(client, ann, team.id, bob.id, "viewer")).status_code == 200


async def test_who_has_not_verified_their_email_may_become_owner(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)
    await execute("UPDATE account SET status = 'pending' WHERE id = %(id)s", id=bob.id)

    assert (await transfer(client, ann, team.id, bob.id)).status_code == 200


async def test_ownership_needs_a_fresh_sign_in(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    response = await transfer(client, ann, team.id, bob.id)

    problem(response, 403, "fresh_login_required")
    assert (await roles(client, ann, team.id))[str(ann.id)] == "owner"
