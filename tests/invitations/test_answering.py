"""What those do who get an invitation: look, accept, decline."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.factories import User
from tests.http import acting_as, problem, without_ids
from tests.invitations.inviting import Team, accept, decline, team_of, verify

Kill = Callable[[Team, dict[str, Any], Execute], Awaitable[object]]


@pytest.fixture
async def team(client: AsyncClient, conn: Connection) -> Team:
    return await team_of(client, conn)


@pytest.fixture
async def eve(conn: Connection) -> User:
    return await factories.user(conn, email="eve@example.org")


async def members(execute: Execute, team: Team) -> list[tuple[Any, ...]]:
    """Everybody in the team but its founder, with their roles."""
    return await execute(
        "SELECT account_id, role FROM team_member"
        " WHERE team_id = %(id)s AND account_id <> %(owner)s ORDER BY account_id",
        id=team.id,
        owner=team.owner.id,
    )


async def uses(execute: Execute) -> list[tuple[Any, ...]]:
    return await execute(
        "SELECT uses, (SELECT count(*) FROM invitation_use WHERE invitation_id = id)"
        " FROM invitation ORDER BY created_at, id"
    )


async def test_a_link_shows_what_it_invites_to_and_does_nothing(
    team: Team, client: AsyncClient, execute: Execute
) -> None:
    made = await team.invite(email="eve@example.org", role="editor")
    await execute("UPDATE account SET given_name = 'Ann', family_name = 'Heron'")
    before = await execute("SELECT invitation::text FROM invitation")

    response = await client.get(f"/v1/invitations/{made['token']}")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    shown = response.json()
    assert shown.pop("expires_at").endswith("Z")
    assert shown == {
        "team_name": "Birds",
        "role": "editor",
        "kind": "email",
        "state": "active",
        "inviter_name": "Ann Heron",
        "email_hint": "e***@example.org",
    }
    head = await client.head(f"/v1/invitations/{made['token']}")
    assert head.status_code == 200
    assert await execute("SELECT invitation::text FROM invitation") == before
    link = await team.invite()
    shown = (await client.get(f"/v1/invitations/{link['token']}")).json()
    assert shown["email_hint"] is None


async def test_accepting_makes_a_member_of_the_role(
    team: Team, client: AsyncClient, eve: User, execute: Execute
) -> None:
    made = await team.invite(role="editor")

    response = await accept(client, made, eve)

    assert response.status_code == 200
    body = response.json()
    assert body.pop("joined_at").endswith("Z")
    assert body == {"team_id": team.id, "team_name": "Birds", "role": "editor"}
    assert await members(execute, team) == [(eve.id, "editor")]
    assert await team.state_of(made) == "accepted"
    shown = await client.get(f"/v1/teams/{team.id}", headers=acting_as(eve))
    assert shown.json()["my_role"] == "editor"


async def test_an_owner_may_invite_another(
    team: Team, client: AsyncClient, eve: User, execute: Execute
) -> None:
    await accept(client, await team.invite(role="owner"), eve)

    assert await members(execute, team) == [(eve.id, "owner")]


async def test_accepting_again_is_the_same_and_counts_once(
    team: Team, client: AsyncClient, eve: User, execute: Execute
) -> None:
    made = await team.invite(max_uses=3)

    first = await accept(client, made, eve)
    again = await accept(client, made, eve)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert await uses(execute) == [(1, 1)]


async def test_a_member_keeps_their_role_and_uses_nothing(
    team: Team, client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    viewer = await team.member(conn, Role.VIEWER)
    made = await team.invite(role="admin")

    response = await accept(client, made, viewer)

    assert (response.status_code, response.json()["role"]) == (200, "viewer")
    assert await uses(execute) == [(0, 0)]
    assert (await accept(client, made, team.owner)).json()["role"] == "owner"
    assert await team.state_of(made) == "active"


async def test_when_all_uses_are_gone_nobody_else_gets_in(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    made = await team.invite()
    await accept(client, made, eve)

    problem(await accept(client, made, await factories.user(conn)), 409, "max_uses")
    assert (await accept(client, made, eve)).status_code == 200
    assert await members(execute, team) == [(eve.id, "viewer")]


async def test_who_was_removed_does_not_get_in_by_the_same_invitation(
    team: Team, client: AsyncClient, eve: User, execute: Execute
) -> None:
    made = await team.invite(max_uses=5)
    await accept(client, made, eve)
    response = await client.delete(
        f"/v1/teams/{team.id}/members/{eve.id}", headers=acting_as(team.owner)
    )
    assert response.status_code == 204

    problem(await accept(client, made, eve), 409, "max_uses")
    assert await members(execute, team) == []
    assert (await accept(client, await team.invite(), eve)).status_code == 200


async def test_an_email_lets_its_account_in_and_no_other(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    mallory = await factories.user(conn)
    made = await team.invite(email="EVE@example.org")

    problem(await accept(client, made, mallory), 403, "invitation_for_other_email")
    problem(await decline(client, made, mallory), 403, "invitation_for_other_email")
    assert (await accept(client, made, eve)).status_code == 200
    problem(await accept(client, made, mallory), 403, "invitation_for_other_email")
    assert await members(execute, team) == [(eve.id, "viewer")]


async def test_emails_are_compared_as_accounts_are(
    team: Team, client: AsyncClient, conn: Connection
) -> None:
    made = await team.invite(email="STRASSE@example.org")
    sharp = await factories.user(conn, email="straße@example.org")

    assert (await accept(client, made, sharp)).status_code == 200


async def test_nobody_accepts_without_signing_in(team: Team, client: AsyncClient) -> None:
    made = await team.invite()
    for verb in ("accept", "decline"):
        response = await client.post(f"/v1/invitations/{made['token']}/{verb}")
        problem(response, 401, "not_authenticated")


async def expire(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await execute("UPDATE invitation SET expires_at = now()")


async def switch_off(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await team.call(made, "toggle")


async def revoke(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await team.revoke(made)


async def delete_team(team: Team, made: dict[str, Any], execute: Execute) -> None:
    response = await team.client.request(
        "DELETE",
        f"/v1/teams/{team.id}",
        json={"confirm": "Birds"},
        headers=acting_as(team.owner),
    )
    assert response.status_code == 202, response.text


async def replace(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")
    await team.call(made, "resend")


async def remove_inviter(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await execute("DELETE FROM team_member WHERE account_id = %(id)s", id=made["invited_by"])


async def demote_inviter(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await execute(
        "UPDATE team_member SET role = 'editor' WHERE account_id = %(id)s", id=made["invited_by"]
    )


async def disable_inviter(team: Team, made: dict[str, Any], execute: Execute) -> None:
    await execute("UPDATE account SET status = 'disabled' WHERE id = %(id)s", id=made["invited_by"])


DEATHS: dict[str, tuple[Kill, str | None]] = {
    "expired": (expire, "expired"),
    "inactive": (switch_off, "inactive"),
    "revoked": (revoke, "revoked"),
    "team deleted": (delete_team, None),
    "replaced": (replace, "active"),
    "inviter removed": (remove_inviter, "lapsed"),
    "inviter demoted": (demote_inviter, "lapsed"),
    "inviter disabled": (disable_inviter, "lapsed"),
}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("kind", ["email", "link"])
async def test_a_dead_invitation_cannot_be_told_from_an_unknown_one(
    client: AsyncClient,
    conn: Connection,
    team: Team,
    eve: User,
    execute: Execute,
    death: str,
    kind: str,
) -> None:
    kill, state = DEATHS[death]
    await verify(execute, eve)
    inviter = await team.member(conn, Role.ADMIN)
    named = {"email": eve.email} if kind == "email" else {"max_uses": 5}
    made = await team.invite(inviter, **named)
    mine = "/v1/users/me/invitations"
    listed = (await client.get(mine, headers=acting_as(eve))).json()["items"]
    assert len(listed) == (kind == "email")

    await kill(team, made, execute)

    unknown = {"id": made["id"], "token": "core_inv_" + "a" * 43}
    answers = {}
    for name, invitation in (("dead", made), ("unknown", unknown)):
        link = f"/v1/invitations/{invitation['token']}"
        bodies = [
            problem(await client.get(link), 404, "invitation_not_found"),
            problem(await accept(client, invitation, eve), 404, "invitation_not_found"),
            problem(await decline(client, invitation, eve), 404, "invitation_not_found"),
        ]
        answers[name] = [without_ids(body) for body in bodies]
    assert answers["dead"] == answers["unknown"]
    if death != "replaced":
        listed = (await client.get(mine, headers=acting_as(eve))).json()["items"]
        assert listed == []
        for verb in ("accept", "decline"):
            response = await client.post(f"{mine}/{made['id']}/{verb}", headers=acting_as(eve))
            problem(response, 404, "invitation_not_found")
    assert await execute("SELECT count(*) FROM invitation_use") == [(0,)]
    if state is not None:
        assert await team.state_of(made) == state


async def test_an_inviter_vouches_only_for_what_they_could_give_now(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    owner = await team.member(conn, Role.OWNER)
    to_owner, to_admin = (
        await team.invite(owner, role="owner"),
        await team.invite(owner, role="admin"),
    )
    await execute("UPDATE team_member SET role = 'admin' WHERE account_id = %(id)s", id=owner.id)

    problem(await accept(client, to_owner, eve), 404, "invitation_not_found")
    assert await team.state_of(to_owner) == "lapsed"
    assert (await accept(client, to_admin, eve)).json()["role"] == "admin"


async def test_who_resends_a_lapsed_invitation_vouches_for_it(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    admin = await team.member(conn, Role.ADMIN)
    made = await team.invite(admin)
    await remove_inviter(team, made, execute)
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")

    again = (await team.call(made, "resend")).json()

    assert (again["invited_by"], again["state"]) == (str(team.owner.id), "active")
    assert (await accept(client, again, eve)).status_code == 200


async def test_no_junk_is_a_token(client: AsyncClient, conn: Connection, eve: User) -> None:
    for token in ("x", "core_inv_", "%00", "%F0%9F%A6%86", "a" * 4000, "core_inv_%2e%2e", "null"):
        problem(await client.get(f"/v1/invitations/{token}"), 404, "invitation_not_found")
        response = await client.post(f"/v1/invitations/{token}/accept", headers=acting_as(eve))
        problem(response, 404, "invitation_not_found")


async def test_the_id_is_no_secret(team: Team, client: AsyncClient, eve: User) -> None:
    made = await team.invite()
    by_id = {**made, "token": made["id"]}

    problem(await client.get(f"/v1/invitations/{made['id']}"), 404, "invitation_not_found")
    problem(await accept(client, by_id, eve), 404, "invitation_not_found")


async def test_declining_ends_what_names_one(
    team: Team, client: AsyncClient, eve: User, execute: Execute
) -> None:
    made = await team.invite(email=eve.email)

    for _ in range(2):
        assert (await decline(client, made, eve)).status_code == 204

    assert await team.state_of(made) == "declined"
    problem(await accept(client, made, eve), 404, "invitation_not_found")
    problem(await client.get(f"/v1/invitations/{made['token']}"), 404, "invitation_not_found")
    assert await members(execute, team) == []
    await team.invite(email=eve.email)


async def test_a_link_that_one_declines_stays_open_for_others(
    team: Team, client: AsyncClient, conn: Connection, eve: User
) -> None:
    made = await team.invite()

    assert (await decline(client, made, eve)).status_code == 204

    assert await team.state_of(made) == "active"
    assert (await accept(client, made, await factories.user(conn))).status_code == 200
    problem(await decline(client, made, eve), 404, "invitation_not_found")


async def test_my_invitations_are_those_to_my_verified_email(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    other = await team_of(client, conn)
    first = await team.invite(email=eve.email, role="editor")
    second = await other.invite(email=eve.email)
    await team.invite(email="fay@example.org")
    await team.invite()
    path = "/v1/users/me/invitations"
    assert (await client.get(path, headers=acting_as(eve))).json()["items"] == []

    await verify(execute, eve)

    page = (await client.get(f"{path}?limit=1", headers=acting_as(eve))).json()
    assert [one["id"] for one in page["items"]] == [second["id"]]
    cursor = page["next_cursor"]
    page = (await client.get(f"{path}?limit=1&cursor={cursor}", headers=acting_as(eve))).json()
    assert page["next_cursor"] is None
    (shown,) = page["items"]
    assert shown.pop("created_at") < shown.pop("expires_at")
    assert shown == {
        "id": first["id"],
        "team_id": team.id,
        "team_name": "Birds",
        "role": "editor",
        "inviter_name": team.owner.username,
    }


async def test_a_verified_email_stands_for_the_link(
    team: Team, client: AsyncClient, conn: Connection, eve: User, execute: Execute
) -> None:
    mallory = await factories.user(conn)
    other = await team_of(client, conn)
    made = await team.invite(email=eve.email, role="editor")
    unwanted = await other.invite(email=eve.email)
    link = await team.invite()
    path = "/v1/users/me/invitations"

    async def say(verb: str, invitation: dict[str, Any], user: User) -> Any:
        return await client.post(f"{path}/{invitation['id']}/{verb}", headers=acting_as(user))

    await verify(execute, mallory)
    for user, invitation in ((eve, made), (mallory, made), (mallory, link)):
        for verb in ("accept", "decline"):
            problem(await say(verb, invitation, user), 404, "invitation_not_found")
    await verify(execute, eve)
    for _ in range(2):
        response = await say("accept", made, eve)
        assert (response.status_code, response.json()["role"]) == (200, "editor")
        assert (await say("decline", unwanted, eve)).status_code == 204

    assert await members(execute, team) == [(eve.id, "editor")]
    assert await other.state_of(unwanted) == "declined"
    assert (await client.get(path, headers=acting_as(eve))).json()["items"] == []
    problem(await say("accept", unwanted, eve), 404, "invitation_not_found")
