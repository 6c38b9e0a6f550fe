from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import PageSettings, PrivacySettings
from src.database import Connection, Transaction
from src.notifications.constants import Template
from src.teams.constants import Role
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.devices.registering import bind, browser, devices, new_id
from tests.http import acting_as, mistakes, problem
from tests.privacy.leaving import ME, UNDO, delete, leave, status_of, undo, undo_token


@pytest.fixture
async def ann(conn: Connection) -> factories.User:
    return await factories.user(conn)


async def log_in(client: AsyncClient, user: factories.User, password: str | None = None) -> object:
    body = {"identifier": user.email, "password": password or user.password}
    return await client.post("/v1/auth/login", json=body)


async def test_a_deletion_says_when_the_account_is_erased(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    response = await delete(client, ann)

    assert response.status_code == 202, response.text
    erase_at = datetime.fromisoformat(response.json()["erase_at"])
    days = erase_at - datetime.now(UTC)
    assert timedelta(days=13, hours=23) < days <= timedelta(days=14)
    assert await status_of(execute, ann) == "deleting"


@pytest.mark.parametrize("confirm", ["email", "username", "shouted"])
async def test_the_account_is_named_by_email_or_username(
    client: AsyncClient, ann: factories.User, confirm: str
) -> None:
    named = {"email": ann.email, "username": ann.username, "shouted": ann.email.upper()}[confirm]

    assert (await delete(client, ann, f" {named} ")).status_code == 202


async def test_a_name_that_is_not_the_account_s_deletes_nothing(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    bob = await factories.user(conn)

    assert mistakes(await delete(client, ann, bob.email)) == {("/confirm", "mismatch")}
    assert mistakes(await delete(client, ann, "")) == {("/confirm", "too_short")}
    assert await status_of(execute, ann) == "active"


async def test_who_has_no_username_is_not_confirmed_by_just_anything(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await execute("UPDATE account SET username = NULL")

    assert mistakes(await delete(client, ann, "null")) == {("/confirm", "mismatch")}


async def test_deleting_needs_a_fresh_sign_in(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await delete(client, ann), 403, "fresh_login_required")
    assert await status_of(execute, ann) == "active"


async def test_all_sessions_end_and_all_devices_are_forgotten(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    again = await factories.session(conn, ann)
    bound = await bind(client, ann, new_id(), push_token=browser().subscription(), type="web")
    assert bound.status_code == 201, bound.text

    await leave(client, ann)

    for one in (ann, again):
        problem(await client.get(ME, headers=acting_as(one)), 401, "invalid_token")
        refreshed = await client.post(
            "/v1/auth/token/refresh", json={"refresh_token": one.refresh_token}
        )
        assert refreshed.status_code == 401
    assert await execute("SELECT id FROM device") == []
    assert await execute("SELECT token FROM push_token") == []


async def test_a_browser_s_cookies_are_taken_back(make_client: MakeClient) -> None:
    client = await make_client(base_url="https://test.local")
    signup = {"email": "ann@example.org", "password": factories.PASSWORD}
    made = await client.post(
        "/v1/auth/signup",
        json={**signup, "token_transport": "cookie"},
        headers={"Origin": "https://test.local"},
    )
    assert made.status_code == 201, made.text
    headers = {"Origin": "https://test.local", "X-CSRF-Token": made.json()["csrf_token"]}

    response = await client.request(
        "DELETE", ME, json={"confirm": "ann@example.org"}, headers=headers
    )

    assert response.status_code == 202, response.text
    assert len(response.headers.get_list("set-cookie")) == 2
    assert list(client.cookies) == ["core_browser"], "which may be known for others too"


async def test_signing_in_tells_of_the_deletion_only_who_knows_the_password(
    client: AsyncClient, ann: factories.User
) -> None:
    await leave(client, ann)

    body = {"identifier": ann.email, "password": ann.password}
    problem(await client.post("/v1/auth/login", json=body), 403, "account_deleting")
    body["password"] = "a password of somebody else"
    problem(await client.post("/v1/auth/login", json=body), 401, "invalid_credentials")


async def test_no_mail_lets_in_whose_account_is_being_deleted(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    body = {"email": ann.email}
    assert (await client.post("/v1/auth/password/recovery", json=body)).status_code == 202
    before = len(await execute("SELECT id FROM one_time_token"))

    await leave(client, ann)

    assert before > 0
    purposes = await execute("SELECT purpose FROM one_time_token WHERE account_id IS NOT NULL")
    assert purposes == [("restore_account",)]


async def test_email_and_username_stay_taken(client: AsyncClient, ann: factories.User) -> None:
    await leave(client, ann)

    signup = {"email": ann.email, "password": factories.PASSWORD}
    problem(await client.post("/v1/auth/signup", json=signup), 409, "email_taken")
    signup = {**signup, "email": "new@example.org", "username": ann.username}
    problem(await client.post("/v1/auth/signup", json=signup), 409, "username_taken")


async def test_the_mail_says_how_long_it_can_be_taken_back_and_how(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(
        privacy=PrivacySettings(deletion_grace_days=3),
        pages=PageSettings(undo_deletion="https://app.example.org/keep?lang=en"),
    )
    ann = await factories.user(conn)

    await leave(client, ann)

    told = await mail.last(conn, to=ann.email)
    assert (told.template, told.params["days"]) == (Template.ACCOUNT_DELETION, "3")
    page, _, token = told.params["link"].partition("&token=")
    assert page == "https://app.example.org/keep?lang=en"
    assert (await undo(client, token)).status_code == 204


async def test_what_was_deleted_is_as_before_once_it_is_taken_back(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    team = await factories.team(conn, owner=await factories.user(conn))
    await execute(
        "INSERT INTO team_member (team_id, account_id, role) VALUES (%(team)s, %(ann)s, 'admin')",
        team=team.id,
        ann=ann.id,
    )
    await leave(client, ann)
    token = await undo_token(conn, ann)

    assert (await undo(client, token)).status_code == 204

    body = {"identifier": ann.email, "password": ann.password}
    response = await client.post("/v1/auth/login", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["user"]["status"] == "active"
    signed_in = {"Authorization": f"Bearer {response.json()['tokens']['access_token']}"}
    teams = await client.get("/v1/teams", headers=signed_in)
    assert [(one["id"], one["my_role"]) for one in teams.json()["items"]] == [
        (str(team.id), "admin")
    ]
    # Nobody was signed in by it, and the sessions of before stay ended.
    problem(await client.get(ME, headers=acting_as(ann)), 401, "invalid_token")
    assert await execute(
        "SELECT action FROM audit_event WHERE object_id = %(id)s ORDER BY id", id=ann.id
    ) == [("user.deletion_requested",), ("user.deletion_undone",)]


async def test_who_has_no_way_in_yet_is_pending_again(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await execute("DELETE FROM password")
    await leave(client, ann)

    assert (await undo(client, await undo_token(conn, ann))).status_code == 204
    assert await status_of(execute, ann) == "pending"


async def test_opening_the_link_changes_nothing(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await leave(client, ann)
    token = await undo_token(conn, ann)

    page = await client.get(UNDO, params={"token": token}, headers={"Accept": "text/html"})
    shown = await client.get(UNDO, params={"token": token}, headers={"Accept": "application/json"})

    assert "Keep my account" in page.text
    assert token not in page.text
    assert shown.json()["email_hint"] == f"{ann.email[0]}***@example.org"
    assert await status_of(execute, ann) == "deleting"
    assert (await undo(client, token)).status_code == 204


async def test_a_link_works_once_and_for_no_other_deletion(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await leave(client, ann)
    first = await undo_token(conn, ann)
    assert (await undo(client, first)).status_code == 204
    problem(await undo(client, first), 400, "invalid_token")

    again = await factories.session(conn, ann)
    await leave(client, again)

    problem(await undo(client, first), 400, "invalid_token")
    assert await status_of(execute, ann) == "deleting"


async def test_a_link_dies_with_the_days(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await leave(client, ann)
    token = await undo_token(conn, ann)
    ((left,),) = await execute("SELECT expires_at - now() FROM one_time_token")
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    await execute("UPDATE one_time_token SET expires_at = now()")

    problem(await undo(client, token), 400, "expired_token")
    assert await status_of(execute, ann) == "deleting"


async def test_what_an_operator_has_taken_back_needs_no_link(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    operator = await factories.operator(conn)
    await leave(client, ann)
    token = await undo_token(conn, ann)

    response = await client.patch(
        f"/v1/admin/users/{ann.id}",
        json={"disabled": True, "reason": "a report of abuse"},
        headers=acting_as(operator),
    )

    assert (response.status_code, response.json()["erase_at"]) == (200, None)
    problem(await undo(client, token), 400, "invalid_token")
    assert await status_of(execute, ann) == "disabled"


async def test_what_an_operator_deletes_too_is_not_taken_back_by_its_owner(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    operator = await factories.operator(conn)
    # Of a change of the email: it takes a deletion back as well.
    await onetime_service.issue(
        conn,
        factories.SECRET_KEY.encode(),
        purpose=Purpose.UNDO_EMAIL,
        target=ann.email,
        user_id=ann.id,
        detail={"email": ann.email},
    )
    await leave(client, ann)
    token = await undo_token(conn, ann)
    assert await execute("SELECT count(*) FROM one_time_token") == [(2,)]
    ((erase_at,),) = await execute("SELECT erase_at FROM account WHERE id = %(id)s", id=ann.id)

    for _ in range(2):  # the second changes nothing
        response = await client.request(
            "DELETE",
            f"/v1/admin/users/{ann.id}",
            json={"reason": "a report of abuse"},
            headers=acting_as(operator),
        )
        assert (response.status_code, response.json()["status"]) == (202, "deleting")
        assert datetime.fromisoformat(response.json()["erase_at"]) == erase_at

    problem(await undo(client, token), 400, "invalid_token")
    assert await execute("SELECT purpose FROM one_time_token") == []
    assert await status_of(execute, ann) == "deleting"
    assert await execute(
        "SELECT action, actor_id FROM audit_event WHERE object_id = %(id)s ORDER BY id", id=ann.id
    ) == [("user.deletion_requested", ann.id), ("user.deleted", operator.id)]
    told = await mail.messages(conn, to=ann.email, template=Template.SECURITY_NOTICE)
    assert [one.params["event"] for one in told] == ["account_deleting"]


async def test_a_deletion_after_one_that_an_operator_took_back_is_the_owners_again(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    operator = await factories.operator(conn)
    url, why = f"/v1/admin/users/{ann.id}", {"reason": "a report of abuse"}
    headers = acting_as(operator)
    await client.request("DELETE", url, json=why, headers=headers)
    await client.patch(url, json={"disabled": False, **why}, headers=headers)
    await leave(client, await factories.session(conn, ann))
    token = await undo_token(conn, ann)

    assert (await client.request("DELETE", url, json=why, headers=headers)).status_code == 202

    problem(await undo(client, token), 400, "invalid_token")


async def test_who_alone_owns_teams_is_told_which(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    teams = [await factories.team(conn, owner=ann, name=name) for name in ("Birds", "Bees")]
    await factories.member(conn, team=teams[1], role=Role.ADMIN)

    refused = problem(await delete(client, ann), 409, "sole_owner_of_team")

    assert refused["teams"] == [
        {"id": str(team.id), "name": team.name} for team in sorted(teams, key=lambda one: one.id)
    ]
    assert await status_of(execute, ann) == "active"
    await execute("UPDATE team SET deleted_at = now() WHERE id = %(id)s", id=teams[0].id)
    await factories.member(conn, team=teams[1], role=Role.OWNER)
    assert (await delete(client, ann)).status_code == 202


async def test_an_owner_who_is_leaving_does_not_count(
    client: AsyncClient, ann: factories.User, conn: Connection
) -> None:
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=Role.OWNER)
    await leave(client, ann)

    problem(await delete(client, bob), 409, "sole_owner_of_team")
    left = await client.delete(f"/v1/teams/{team.id}/members/{bob.id}", headers=acting_as(bob))
    problem(left, 409, "last_owner")


async def test_the_last_admin_stays(client: AsyncClient, conn: Transaction) -> None:
    admin = await factories.operator(conn)

    problem(await delete(client, admin), 409, "last_admin")


async def test_who_has_not_verified_their_email_may_leave(make_client: MakeClient) -> None:
    client = await make_client()
    signup = {"email": "ann@example.org", "password": factories.PASSWORD}
    made = await client.post("/v1/auth/signup", json=signup)
    token = made.json()["tokens"]["access_token"]

    response = await client.request(
        "DELETE",
        ME,
        json={"confirm": "ann@example.org"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert response.status_code == 202


async def test_nothing_is_left_for_others_to_see(
    client: AsyncClient, ann: factories.User, conn: Connection
) -> None:
    """In the days before, whoever shares a team sees that somebody is there, and no account."""
    team = await factories.team(conn, owner=await factories.user(conn))
    bob = await factories.member(conn, team=team)
    ann = await factories.member(conn, team=team)
    await leave(client, ann)

    problem(await client.get(f"/v1/users/{ann.id}", headers=acting_as(bob)), 404, "user_not_found")
    assert await devices(client, bob) == []
