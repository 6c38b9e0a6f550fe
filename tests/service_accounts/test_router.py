"""Programs of a team: made by its admins, known by keys, mistaken for nobody."""

import pytest
from httpx2 import AsyncClient, Response

from src.database import Connection, Transaction
from src.notifications.constants import Template
from src.service_accounts.constants import ACCOUNTS_MAX
from src.teams import service as teams_service
from src.teams.constants import Role
from src.teams.schemas import MyTeam
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as, bearer, mistakes, problem


async def create(
    client: AsyncClient, actor: factories.User, team: MyTeam, **more: object
) -> Response:
    return await client.post(
        f"/v1/teams/{team.id}/service-accounts",
        json={"name": "Nightly import", **more},
        headers=acting_as(actor),
    )


async def keyed(
    client: AsyncClient, actor: factories.User, team: MyTeam, *scopes: str, role: str = "viewer"
) -> tuple[str, dict[str, str]]:
    """A new service account's address, and the headers by which it is known."""
    made = await create(client, actor, team, role=role)
    url = made.headers["location"]
    response = await client.post(
        f"{url}/keys",
        json={"name": "key", "scopes": list(scopes or ("teams:read",))},
        headers=acting_as(actor),
    )
    assert response.status_code == 201, response.text
    return url, bearer(response.json()["key"])


async def team_of(conn: Connection, ann: factories.User) -> MyTeam:
    return await factories.team(conn, owner=ann)


async def test_an_admin_makes_one_and_its_key_acts_in_the_team(
    client: AsyncClient, conn: Connection
) -> None:
    team = await team_of(conn, await factories.user(conn))
    admin = await factories.member(conn, team=team, role=Role.ADMIN)
    url, key = await keyed(client, admin, team, role="editor")

    shown = await client.get(url, headers=acting_as(admin))

    account = shown.json()
    assert account.keys() == {"id", "name", "role", "created_at"}
    assert (account["name"], account["role"]) == ("Nightly import", "editor")
    listed = await client.get(f"/v1/teams/{team.id}/service-accounts", headers=acting_as(admin))
    assert listed.json() == {"items": [account], "next_cursor": None}
    seen = await client.get(f"/v1/teams/{team.id}", headers=key)
    assert seen.json()["my_role"] == "editor"
    (kept,) = (await client.get(f"{url}/keys", headers=acting_as(admin))).json()["items"]
    deleted = await client.delete(f"{url}/keys/{kept['id']}", headers=acting_as(admin))
    assert deleted.status_code == 204
    problem(await client.get(f"/v1/teams/{team.id}", headers=key), 401, "invalid_token")


async def test_among_the_members_it_is_a_service_without_an_email(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)
    account = (await create(client, ann, team)).json()

    members = await client.get(f"/v1/teams/{team.id}/members", headers=acting_as(ann))
    person = await client.get(f"/v1/users/{account['id']}", headers=acting_as(ann))

    shown = {"id": account["id"], "kind": "service", "username": None}
    shown["display_name"] = "Nightly import"
    assert members.json()["items"][1]["user"] == {**shown, "email": None}
    assert person.json() == shown
    assert "invalid" not in members.text + person.text


@pytest.mark.parametrize("role", ["owner", "king"])
async def test_none_is_owner(client: AsyncClient, conn: Connection, role: str) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)

    assert mistakes(await create(client, ann, team, role=role)) == {("/role", "unknown_choice")}
    account = (await create(client, ann, team)).json()["id"]
    handed = await client.post(
        f"/v1/teams/{team.id}/transfer-ownership",
        json={"user_id": account},
        headers=acting_as(ann),
    )
    problem(handed, 409, "not_a_member")
    member = f"/v1/teams/{team.id}/members/{account}"
    promoted = await client.patch(member, json={"role": "owner"}, headers=acting_as(ann))
    problem(promoted, 404, "member_not_found")
    problem(await client.delete(member, headers=acting_as(ann)), 404, "member_not_found")


@pytest.mark.parametrize("scope", ["profile:read", "devices:write", "teams:join"])
async def test_it_has_no_scope_about_somebody(
    client: AsyncClient, conn: Connection, scope: str
) -> None:
    ann = await factories.user(conn)
    url = (await create(client, ann, await team_of(conn, ann))).headers["location"]

    refused = await client.post(
        f"{url}/keys",
        json={"name": "key", "scopes": ["teams:read", scope]},
        headers=acting_as(ann),
    )

    assert mistakes(refused) == {("/scopes", "personal_scope")}


async def test_its_role_changes_for_the_next_request(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)
    url, key = await keyed(client, ann, team, "applets:write")
    applets = f"/v1/teams/{team.id}/applets"
    problem(await client.post(applets, json={"name": "Owls"}, headers=key), 403, "role_too_low")

    changed = await client.patch(
        url, json={"name": "Import", "role": "editor"}, headers=acting_as(ann)
    )

    assert (changed.json()["name"], changed.json()["role"]) == ("Import", "editor")
    made = await client.post(applets, json={"name": "Owls"}, headers=key)
    assert made.status_code == 201, made.text


async def test_it_outlives_who_made_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    team = await team_of(conn, await factories.user(conn))
    admin = await factories.member(conn, team=team, role=Role.ADMIN)
    _, key = await keyed(client, admin, team)

    left = await client.delete(f"/v1/teams/{team.id}/members/{admin.id}", headers=acting_as(admin))
    await execute("UPDATE account SET status = 'disabled' WHERE id = %(id)s", id=admin.id)

    assert left.status_code == 204
    assert (await client.get(f"/v1/teams/{team.id}", headers=key)).status_code == 200


async def test_deleting_it_ends_its_keys_and_keeps_its_name_beside_what_it_did(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)
    url, key = await keyed(client, ann, team, "applets:write", role="editor")
    await client.post(f"/v1/teams/{team.id}/applets", json={"name": "Owls"}, headers=key)

    deleted = await client.delete(url, headers=acting_as(ann))

    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(await client.get(f"/v1/teams/{team.id}", headers=key), 401, "invalid_token")
    problem(await client.get(url, headers=acting_as(ann)), 404, "service_account_not_found")
    events = await client.get(f"/v1/teams/{team.id}/audit-log", headers=acting_as(ann))
    told = [(event["action"], event["actor"]["kind"]) for event in events.json()["items"]]
    assert told == [
        ("service_account.deleted", "person"),
        ("applet.created", "service"),
        ("api_key.created", "person"),
        ("service_account.created", "person"),
        ("team.created", "person"),
    ]


async def test_it_ends_with_the_team(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)
    _, key = await keyed(client, ann, team)

    await execute("UPDATE team SET deleted_at = now() - interval '31 days'")
    problem(await client.get(f"/v1/teams/{team.id}", headers=key), 404, "team_not_found")
    assert await teams_service.purge(conn, team_id=team.id)

    problem(await client.get("/v1/teams", headers=key), 401, "invalid_token")
    assert await execute("SELECT status FROM account ORDER BY kind") == [
        ("active",),
        ("disabled",),
    ]


async def test_whoever_makes_a_key_is_told_and_must_have_signed_in_lately(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    url, _ = await keyed(client, ann, await team_of(conn, ann))
    told = await mail.messages(conn, template=Template.SECURITY_NOTICE)
    assert [(one.to, one.params) for one in told] == [(ann.email, {"event": "api_key_created"})]

    await execute(
        "UPDATE session SET created_at = now() - interval '1 hour',"
        " authenticated_at = now() - interval '16 minutes'"
    )
    again = await client.post(
        f"{url}/keys", json={"name": "x", "scopes": ["teams:read"]}, headers=acting_as(ann)
    )

    problem(again, 403, "fresh_login_required")


async def test_a_team_has_25_at_the_most(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team, other = await team_of(conn, ann), await team_of(conn, ann)
    for _ in range(ACCOUNTS_MAX):
        assert (await create(client, ann, team)).status_code == 201

    problem(await create(client, ann, team), 409, "service_account_limit")
    assert (await create(client, ann, other)).status_code == 201


async def test_it_neither_makes_teams_nor_joins_them_nor_leaves(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await team_of(conn, ann)
    scopes = ("teams:read", "teams:write", "members:write")
    url, key = await keyed(client, ann, team, *scopes, role="admin")
    account = url.rpartition("/")[2]

    made = await client.post("/v1/teams", json={"name": "Owls"}, headers=key)
    problem(made, 403, "insufficient_scope")
    left = await client.delete(f"/v1/teams/{team.id}/members/{account}", headers=key)
    problem(left, 404, "member_not_found")
    problem(await create_by(client, key, team), 403, "api_key_not_accepted")
    assert (await client.get(f"/v1/teams/{team.id}", headers=key)).status_code == 200


async def create_by(client: AsyncClient, key: dict[str, str], team: MyTeam) -> Response:
    """One service account tries to make another."""
    url = f"/v1/teams/{team.id}/service-accounts"
    return await client.post(url, json={"name": "x"}, headers=key)


async def test_no_operator_finds_it_among_the_people(client: AsyncClient, conn: Connection) -> None:
    ann, admin = await factories.user(conn), await factories.operator(conn)
    account = (await create(client, ann, await team_of(conn, ann))).json()["id"]

    listed = await client.get("/v1/admin/users", headers=acting_as(admin))
    disabled = await client.patch(
        f"/v1/admin/users/{account}",
        json={"disabled": True, "reason": "spam"},
        headers=acting_as(admin),
    )

    assert {str(ann.id), str(admin.id)} == {one["id"] for one in listed.json()["items"]}
    problem(disabled, 404, "user_not_found")


async def test_its_address_is_one_that_nobody_can_have(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await create(client, ann, await team_of(conn, ann))
    ((email,),) = await execute("SELECT email FROM account WHERE kind = 'service'")

    for path in ("/v1/auth/login/link", "/v1/auth/password/recovery"):
        assert mistakes(await client.post(path, json={"email": email})) == {
            ("/email", "invalid_email")
        }


async def test_a_team_whose_last_person_goes_is_left_to_no_program(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await keyed(client, ann, await team_of(conn, ann), role="admin")

    await teams_service.bequeath(conn, user_id=ann.id)

    assert await execute("SELECT role FROM team_member") == [("admin",)]
    assert await execute("SELECT count(*) FROM team WHERE deleted_at IS NOT NULL") == [(1,)]
