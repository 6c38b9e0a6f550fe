"""What the admins of a team do with invitations."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from pydantic import ValidationError

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute, MakeClient, settings_for
from tests.http import acting_as, mistakes, problem
from tests.instants import moments
from tests.invitations.inviting import Team, accept, decline, team_of


@pytest.fixture
async def team(client: AsyncClient, conn: Connection) -> Team:
    return await team_of(client, conn)


def without_secret(invitation: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in invitation.items() if name not in {"token", "url"}}


async def test_an_invitation_comes_with_its_link_once(team: Team, client: AsyncClient) -> None:
    response = await team.post(email="Eve@Example.org", role="editor")

    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"{team.path}/{made['id']}"
    assert made["token"].startswith("core_inv_")
    assert len(made["token"]) == len("core_inv_") + 43
    assert made["url"] == f"http://test.local/v1/invitations/{made['token']}"
    assert (await client.get(made["url"])).status_code == 200
    assert {
        "kind": "email",
        "email": "Eve@example.org",
        "role": "editor",
        "state": "active",
        "active": True,
        "uses": 0,
        "max_uses": 1,
        "invited_by": str(team.owner.id),
        "inviter_name": team.owner.username,
    }.items() <= made.items()
    (listed,) = await team.listed()
    assert moments(listed) == moments(without_secret(made))


async def test_the_secret_is_not_kept(team: Team, execute: Execute) -> None:
    made = await team.invite()

    rows = await execute(
        "SELECT invitation::text, audit_event.detail::text FROM invitation, audit_event"
    )
    assert made["token"] not in str(rows)
    assert made["token"].removeprefix("core_inv_") not in str(rows)


async def test_a_link_begins_with_the_public_address(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(public_url="https://core.example.org/data/")
    team = await team_of(client, conn)

    made = await team.invite()

    assert made["url"] == f"https://core.example.org/data/v1/invitations/{made['token']}"


@pytest.mark.parametrize(
    "address",
    ["core.example.org", "ftp://core.example.org", "https://", "https://a b", "https://a/?b", "a"],
)
def test_a_public_address_is_one(address: str) -> None:
    with pytest.raises(ValidationError, match="at most a path"):
        settings_for("postgresql://nowhere", public_url=address)


async def test_a_week_is_the_default_and_expiry_has_limits(team: Team, execute: Execute) -> None:
    await team.invite()
    await team.invite(expires_in=300)
    await team.invite(expires_in=2_592_000)

    rows = await execute(
        "SELECT extract(epoch FROM expires_at - created_at)::int FROM invitation ORDER BY 1"
    )
    assert rows == [(300,), (604_800,), (2_592_000,)]
    for seconds in (299, 2_592_001):
        assert mistakes(await team.post(expires_in=seconds)) == {("/expires_in", "out_of_range")}


async def test_the_payload_fits_its_kind(team: Team) -> None:
    async def wrong(**new: Any) -> set[tuple[str, str]]:
        return mistakes(await team.post(**new))

    assert await wrong(kind="email") == {("/email", "required")}
    assert await wrong(kind="link", email="eve@example.org") == {("/email", "invalid_value")}
    assert await wrong(email="eve@example.org", max_uses=2) == {("/max_uses", "out_of_range")}
    assert await wrong(max_uses=0) == {("/max_uses", "out_of_range")}
    assert await wrong(max_uses=1001) == {("/max_uses", "out_of_range")}
    assert await wrong(role="king") == {("/role", "unknown_choice")}
    assert await wrong(uses=3) == {("/uses", "unknown_field")}
    assert await team.listed() == []


async def test_the_team_says_which_role_is_the_default(team: Team, client: AsyncClient) -> None:
    assert (await team.invite())["role"] == "viewer"

    await client.patch(
        f"/v1/teams/{team.id}/settings",
        json={"default_invitation_role": "editor"},
        headers=acting_as(team.owner),
    )

    assert (await team.invite())["role"] == "editor"


async def test_nobody_invites_above_their_own_role(team: Team, conn: Connection) -> None:
    admin = await team.member(conn, Role.ADMIN)

    problem(await team.post(admin, role="owner"), 403, "role_above_own")
    await team.invite(admin, role="admin")
    by_owner = await team.invite(role="owner")
    lower = await team.invite(admin)

    problem(await team.change(lower, admin, role="owner"), 403, "role_above_own")
    problem(await team.change(by_owner, admin, role="viewer"), 403, "role_above_own")
    problem(await team.change(by_owner, admin, active=False), 403, "role_above_own")
    problem(await team.call(by_owner, "toggle", admin), 403, "role_above_own")
    problem(await team.call(by_owner, "resend", admin), 403, "role_above_own")
    assert (await team.revoke(by_owner, admin)).status_code == 204


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_admins_deal_with_invitations(team: Team, conn: Connection, role: Role) -> None:
    made = await team.invite()
    member = await team.member(conn, role)
    stranger = await factories.user(conn)

    for user, status, code in (
        (member, 403, "role_too_low"),
        (stranger, 404, "team_not_found"),
    ):
        problem(await team.post(user), status, code)
        problem(await team.change(made, user, active=False), status, code)
        problem(await team.call(made, "toggle", user), status, code)
        problem(await team.call(made, "resend", user), status, code)
        problem(await team.revoke(made, user), status, code)
        response = await team.client.get(team.path, headers=acting_as(user))
        problem(response, status, code)


async def test_a_team_may_leave_inviting_to_its_owners(
    team: Team, client: AsyncClient, conn: Connection
) -> None:
    admin = await team.member(conn, Role.ADMIN)
    made = await team.invite(admin)

    await client.patch(
        f"/v1/teams/{team.id}/settings",
        json={"invitations_by": "owner"},
        headers=acting_as(team.owner),
    )

    problem(await team.post(admin), 403, "role_too_low")
    problem(await team.change(made, admin, expires_in=300), 403, "role_too_low")
    problem(await team.call(made, "resend", admin), 403, "role_too_low")
    assert await team.state_of(made) == "lapsed"
    problem(await client.get(f"/v1/invitations/{made['token']}"), 404, "invitation_not_found")
    assert await team.listed(by=admin)
    await team.invite()


async def test_an_invitation_of_another_team_does_not_exist(team: Team, conn: Connection) -> None:
    other = await team_of(team.client, conn)
    made = await other.invite()

    for invitation in (made, {"id": str(uuid4())}):
        problem(await team.change(invitation, active=False), 404, "invitation_not_found")
        problem(await team.call(invitation, "toggle"), 404, "invitation_not_found")
        problem(await team.call(invitation, "resend"), 404, "invitation_not_found")
        problem(await team.revoke(invitation), 404, "invitation_not_found")
    assert await other.state_of(made) == "active"


async def test_a_member_is_not_invited(team: Team, conn: Connection) -> None:
    member = await team.member(conn, Role.VIEWER)

    problem(await team.post(email=member.email.upper()), 409, "already_member")


async def test_an_address_is_invited_once_at_a_time(
    team: Team, conn: Connection, execute: Execute
) -> None:
    other = await team_of(team.client, conn)
    first = await team.invite(email="eve@example.org")
    problem(await team.post(email="EVE@example.org"), 409, "already_invited")
    await other.invite(email="eve@example.org")

    await team.revoke(first)
    second = await team.invite(email="eve@example.org")
    await execute(
        "UPDATE invitation SET expires_at = now() - interval '1 second' WHERE id = %(id)s",
        id=second["id"],
    )
    assert await team.state_of(second) == "expired"
    third = await team.invite(email="eve@example.org")

    assert await team.state_of(first) == "revoked"
    assert await team.state_of(second) == "revoked"
    assert await team.state_of(third) == "active"


async def test_changes_keep_what_they_do_not_name(team: Team, execute: Execute) -> None:
    made = await team.invite(role="editor", max_uses=5)

    off = (await team.change(made, active=False)).json()
    assert (off["active"], off["state"], off["role"]) == (False, "inactive", "editor")
    assert off["expires_at"] == made["expires_at"]
    changed = (await team.change(made, role="viewer", expires_in=300)).json()
    assert (changed["active"], changed["role"], changed["max_uses"]) == (False, "viewer", 5)
    rows = await execute("SELECT extract(epoch FROM expires_at - updated_at)::int FROM invitation")
    assert rows == [(300,)]
    (listed,) = await team.listed()
    assert moments(listed) == moments(changed)
    same = (await team.change(made)).json()
    assert moments({**same, "updated_at": changed["updated_at"]}) == moments(changed)
    assert mistakes(await team.change(made, max_uses=2)) == {("/max_uses", "unknown_field")}


async def test_toggling_goes_back_and_forth(team: Team, client: AsyncClient) -> None:
    made = await team.invite()
    link = f"/v1/invitations/{made['token']}"

    off = await team.call(made, "toggle")
    assert (off.status_code, off.json()["active"], off.json()["state"]) == (200, False, "inactive")
    problem(await client.get(link), 404, "invitation_not_found")
    on = await team.call(made, "toggle")
    assert (on.json()["active"], on.json()["state"]) == (True, "active")
    assert (await client.get(link)).status_code == 200


async def test_what_is_over_for_good_does_not_change(
    team: Team, client: AsyncClient, conn: Connection
) -> None:
    eve = await factories.user(conn)
    revoked, accepted = await team.invite(), await team.invite()
    declined = await team.invite(email=eve.email)
    assert (await team.revoke(revoked)).status_code == 204
    assert (await decline(client, declined, eve)).status_code == 204
    assert (await accept(client, accepted, eve)).status_code == 200

    for made, state in ((revoked, "revoked"), (accepted, "accepted"), (declined, "declined")):
        problem(await team.change(made, active=True, expires_in=300), 409, "spent")
        problem(await team.call(made, "toggle"), 409, "spent")
        problem(await team.call(made, "resend"), 409, "spent")
        assert (await team.revoke(made)).status_code == 204
        assert await team.state_of(made) == state


async def test_resending_makes_a_new_secret_and_kills_the_old(
    team: Team, client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    admin = await team.member(conn, Role.ADMIN)
    made = await team.invite(expires_in=300)
    await team.call(made, "toggle")
    await execute("UPDATE invitation SET sent_at = now() - interval '61 seconds'")

    response = await team.call(made, "resend", admin)

    assert response.status_code == 202
    again = response.json()
    assert again["id"] == made["id"]
    assert again["token"] != made["token"]
    assert again["url"].endswith(again["token"])
    assert (again["invited_by"], again["state"]) == (str(admin.id), "active")
    rows = await execute("SELECT extract(epoch FROM expires_at - sent_at)::int FROM invitation")
    assert rows == [(604_800,)]
    problem(await client.get(f"/v1/invitations/{made['token']}"), 404, "invitation_not_found")
    assert (await client.get(f"/v1/invitations/{again['token']}")).status_code == 200


async def test_resending_never_shortens(team: Team, execute: Execute) -> None:
    made = await team.invite(expires_in=2_592_000)
    await execute("UPDATE invitation SET sent_at = now() - interval '61 seconds'")

    again = (await team.call(made, "resend")).json()

    assert again["expires_at"] == made["expires_at"]


async def test_resending_comes_once_a_minute(team: Team, execute: Execute) -> None:
    made = await team.invite()

    response = await team.call(made, "resend")
    problem(response, 429, "resent_just_now")
    assert 0 < int(response.headers["retry-after"]) <= 60
    await execute("UPDATE invitation SET sent_at = now() - interval '57.5 seconds'")
    assert int((await team.call(made, "resend")).headers["retry-after"]) == 3
    await execute("UPDATE invitation SET sent_at = now() - interval '60 seconds'")
    assert (await team.call(made, "resend")).status_code == 202
    problem(await team.call(made, "resend"), 429, "resent_just_now")


async def test_pages_go_from_new_to_old(team: Team, client: AsyncClient) -> None:
    made = [(await team.invite())["id"] for _ in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while True:
        response = await client.get(team.path + query, headers=acting_as(team.owner))
        page = response.json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"

    assert seen == made[::-1]
    response = await client.get(f"{team.path}?cursor=zzz", headers=acting_as(team.owner))
    problem(response, 400, "invalid_cursor")


async def test_a_list_may_be_of_one_state(
    team: Team, client: AsyncClient, conn: Connection
) -> None:
    active, off = await team.invite(), await team.invite()
    await team.call(off, "toggle")

    assert [one["id"] for one in await team.listed("?state=inactive")] == [off["id"]]
    assert [one["id"] for one in await team.listed("?state=active")] == [active["id"]]
    assert await team.listed("?state=lapsed") == []
    response = await client.get(f"{team.path}?state=odd", headers=acting_as(team.owner))
    assert mistakes(response) == {("/query/state", "unknown_choice")}


async def test_everything_is_in_the_audit_trail(
    team: Team, client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    eve = await factories.user(conn)
    made = await team.invite(max_uses=2)
    await team.change(made, role="editor")
    await team.call(made, "toggle")
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")
    again = (await team.call(made, "resend")).json()
    for _ in range(2):
        await accept(client, again, eve)
        await team.revoke(made)
    named = await team.invite(email=(await factories.user(conn)).email)
    fay = await factories.user(conn, email="fay@example.org")
    to_fay = await team.invite(email=fay.email)
    for _ in range(2):
        await decline(client, to_fay, fay)

    rows = await execute(
        "SELECT action, actor_id, object_id::text FROM audit_event"
        " WHERE action LIKE 'invitation.%%' AND team_id = %(id)s ORDER BY id",
        id=team.id,
    )
    owner = team.owner.id
    assert rows == [
        ("invitation.created", owner, made["id"]),
        ("invitation.changed", owner, made["id"]),
        ("invitation.changed", owner, made["id"]),
        ("invitation.resent", owner, made["id"]),
        ("invitation.accepted", eve.id, made["id"]),
        ("invitation.revoked", owner, made["id"]),
        ("invitation.created", owner, named["id"]),
        ("invitation.created", owner, to_fay["id"]),
        ("invitation.declined", fay.id, to_fay["id"]),
    ]
