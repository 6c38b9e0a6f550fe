from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.config import AuthenticationSettings, LimitSettings, OperatorSessionSettings, RateSettings
from src.database import Transaction
from src.notifications.constants import Template
from src.permissions import PlatformRole
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, mistakes, problem, without_ids

WHY = {"reason": "a report of abuse"}


@pytest.fixture
async def admin(conn: Transaction) -> factories.User:
    return await factories.operator(conn)


@pytest.fixture
async def user_admin(conn: Transaction) -> factories.User:
    return await factories.operator(conn, role=PlatformRole.USER_ADMIN)


def url_of(user: factories.User, rest: str = "") -> str:
    return f"/v1/admin/users/{user.id}{rest}"


async def events(execute: Execute, user: factories.User) -> list[tuple[Any, ...]]:
    """What was written down about an account: action, actor, detail."""
    return await execute(
        "SELECT action, actor_id, detail FROM audit_event WHERE object_id = %(id)s ORDER BY id",
        id=user.id,
    )


async def test_operators_see_what_they_are(
    client: AsyncClient, admin: factories.User, conn: Transaction
) -> None:
    response = await client.get("/v1/admin/whoami", headers=acting_as(admin))
    assert response.json() == {"id": str(admin.id), "roles": ["admin"]}
    assert response.headers["cache-control"] == "no-store"

    ann = await factories.user(conn)
    response = await client.get("/v1/admin/whoami", headers=acting_as(ann))
    problem(response, 403, "platform_role_too_low")


async def test_without_a_second_factor_a_role_is_worth_nothing_where_one_is_demanded(
    make_client: MakeClient, conn: Transaction
) -> None:
    strict = await make_client(authentication=AuthenticationSettings(admins_need_mfa=True))
    lax = await make_client(authentication=AuthenticationSettings(admins_need_mfa=False))
    with_one = await factories.operator(conn, has_mfa=False)
    with_two = await factories.session(conn, with_one, auth_methods=("pwd", "otp", "mfa"))

    async def asked(client: AsyncClient, who: factories.User) -> int:
        response = await client.get("/v1/admin/whoami", headers=acting_as(who))
        if response.status_code == 403:
            problem(response, 403, "second_factor_required")
        return response.status_code

    assert await asked(strict, with_one) == 403
    assert await asked(strict, with_two) == 200
    assert await asked(lax, with_one) == 200


@pytest.mark.parametrize(
    ("column", "ago", "is_let_in"),
    [
        ("created_at", "119 minutes", True),
        ("created_at", "121 minutes", False),
        ("last_seen_at", "9 minutes", True),
        ("last_seen_at", "11 minutes", False),
    ],
)
async def test_operators_sign_in_more_often_than_others(
    make_client: MakeClient,
    admin: factories.User,
    execute: Execute,
    column: str,
    ago: str,
    is_let_in: bool,
) -> None:
    short = OperatorSessionSettings(idle_minutes=10, absolute_hours=2)
    client = await make_client(authentication=AuthenticationSettings(operator_session=short))
    await execute(
        "UPDATE session SET"
        " created_at = CASE %(column)s WHEN 'created_at' THEN now() - %(ago)s::interval"
        "                              ELSE created_at END,"
        " last_seen_at = CASE %(column)s WHEN 'last_seen_at' THEN now() - %(ago)s::interval"
        "                                ELSE last_seen_at END"
        " WHERE id = %(id)s",
        column=column,
        ago=ago,
        id=admin.session_id,
    )

    response = await client.get("/v1/admin/whoami", headers=acting_as(admin))

    if is_let_in:
        assert response.status_code == 200
    else:
        problem(response, 403, "operator_session_expired")
    # As somebody without a role they go on.
    assert (await client.get("/v1/users/me", headers=acting_as(admin))).status_code == 200


async def test_accounts_are_found_by_how_their_email_or_username_begins(
    client: AsyncClient, conn: Transaction, user_admin: factories.User
) -> None:
    ann = await factories.user(conn, email="Ann_1@example.org", username="heron")
    await factories.user(conn, email="anna@example.org", username="Annex")
    await factories.user(conn, email="bob@example.org", username="xann")

    async def found(query: str) -> list[str]:
        response = await client.get(f"/v1/admin/users?{query}", headers=acting_as(user_admin))
        assert response.status_code == 200, response.text
        return [each["email"] for each in response.json()["items"]]

    assert set(await found("q=aNN")) == {"Ann_1@example.org", "anna@example.org"}
    assert await found("q=ann_") == ["Ann_1@example.org"]
    assert await found("q=HER") == ["Ann_1@example.org"]
    assert await found("q=%25") == []
    assert await found("q=ann&status=disabled") == []

    await client.patch(url_of(ann), json={"disabled": True, **WHY}, headers=acting_as(user_admin))
    assert await found("status=disabled") == ["Ann_1@example.org"]
    assert await found("q=ann&status=disabled") == ["Ann_1@example.org"]
    assert await found("q=ann&status=active") == ["anna@example.org"]


async def test_the_list_comes_in_pages_the_newest_first(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    made = [await factories.user(conn) for _ in range(5)]
    # Three at one instant: the id decides.
    for minutes, user in zip((1, 2, 2, 2, 3), made, strict=True):
        await execute(
            "UPDATE account SET created_at = now() + interval '1 minute' * %(minutes)s"
            " WHERE id = %(id)s",
            minutes=minutes,
            id=user.id,
        )
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        response = await client.get(
            f"/v1/admin/users?limit=2&q=user{f'&cursor={cursor}' if cursor else ''}",
            headers=acting_as(admin),
        )
        seen += [each["id"] for each in response.json()["items"]]
        cursor = response.json()["next_cursor"]

    newest = [str(made[4].id), *sorted((str(each.id) for each in made[1:4]), reverse=True)]
    assert seen[:5] == [*newest, str(made[0].id)]
    assert len(set(seen)) == len(seen) == 6

    response = await client.get("/v1/admin/users?cursor=x", headers=acting_as(admin))
    problem(response, 400, "invalid_cursor")


async def test_an_account_is_shown_with_how_it_is_used(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await factories.session(conn, ann)

    shown = (await client.get(url_of(ann), headers=acting_as(admin))).json()

    assert (shown["email"], shown["status"], shown["roles"]) == (ann.email, "active", [])
    assert (shown["has_password"], shown["sessions"]) == (True, 2)
    assert shown["last_seen_at"] is not None

    await execute("DELETE FROM password WHERE account_id = %(id)s", id=ann.id)
    await execute("DELETE FROM session WHERE account_id = %(id)s", id=ann.id)
    shown = (await client.get(url_of(ann), headers=acting_as(admin))).json()
    assert (shown["has_password"], shown["sessions"], shown["last_seen_at"]) == (False, 0, None)

    response = await client.get(f"/v1/admin/users/{uuid4()}", headers=acting_as(admin))
    problem(response, 404, "user_not_found")


async def test_a_disabled_account_is_out_at_once_and_back_when_it_is_enabled(
    client: AsyncClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    login = {"identifier": ann.email, "password": ann.password}

    async def patch(disabled: bool) -> Any:
        response = await client.patch(
            url_of(ann), json={"disabled": disabled, **WHY}, headers=acting_as(user_admin)
        )
        assert response.status_code == 200, response.text
        return response.json()

    assert (await patch(disabled=True))["status"] == "disabled"
    assert (await patch(disabled=True))["sessions"] == 0
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    problem(await client.post("/v1/auth/login", json=login), 403, "account_disabled")
    refresh = {"refresh_token": ann.refresh_token}
    problem(await client.post("/v1/auth/token/refresh", json=refresh), 401, "refresh_invalid")

    assert (await patch(disabled=False))["status"] == "active"
    assert (await patch(disabled=False))["status"] == "active"
    assert (await client.post("/v1/auth/login", json=login)).status_code == 200
    # The sessions that were ended stay so.
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")

    assert await events(execute, ann) == [
        ("user.disabled", user_admin.id, {"reason": WHY["reason"], "sessions_ended": 1}),
        ("user.enabled", user_admin.id, {"reason": WHY["reason"]}),
    ]


async def test_who_has_no_way_in_yet_is_pending_again(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("DELETE FROM password WHERE account_id = %(id)s", id=ann.id)
    for disabled, status in ((True, "disabled"), (False, "pending")):
        response = await client.patch(
            url_of(ann), json={"disabled": disabled, **WHY}, headers=acting_as(admin)
        )
        assert response.json()["status"] == status


async def test_deletion_is_marked_and_can_be_taken_back(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    for _ in range(2):
        response = await client.request("DELETE", url_of(ann), json=WHY, headers=acting_as(admin))
        assert (response.status_code, response.json()["status"]) == (202, "deleting")
        assert response.json()["erase_at"] is not None
    (told,) = await mail.messages(conn, to=ann.email)
    assert told.params == {"event": "account_deleting"}
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")

    response = await client.patch(
        url_of(ann), json={"disabled": False, **WHY}, headers=acting_as(admin)
    )

    assert (response.json()["status"], response.json()["erase_at"]) == ("active", None)
    assert [action for action, _, _ in await events(execute, ann)] == [
        "user.deleted",
        "user.enabled",
    ]


async def test_who_alone_owns_a_team_is_not_deleted(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    async def delete() -> Any:
        return await client.request("DELETE", url_of(ann), json=WHY, headers=acting_as(admin))

    refused = problem(await delete(), 409, "sole_owner_of_team")
    assert refused["teams"] == [{"id": str(team.id), "name": team.name}]
    await execute("UPDATE team SET deleted_at = now() WHERE id = %(id)s", id=team.id)
    assert (await delete()).status_code == 202


async def test_sessions_end_everywhere(
    client: AsyncClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    again = await factories.session(conn, ann)

    response = await client.post(
        url_of(ann, "/revoke-sessions"), json=WHY, headers=acting_as(user_admin)
    )

    assert (response.status_code, response.content) == (204, b"")
    for session in (ann, again):
        problem(await client.get("/v1/users/me", headers=acting_as(session)), 401, "invalid_token")
    assert await events(execute, ann) == [
        (
            "user.sessions_revoked",
            user_admin.id,
            {"reason": WHY["reason"], "sessions_ended": 2},
        )
    ]


async def test_nothing_is_done_without_a_reason(
    client: AsyncClient, conn: Transaction, admin: factories.User
) -> None:
    ann = await factories.user(conn)
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", "", {"disabled": True}),
        ("DELETE", "", dict[str, Any]()),
        ("PUT", "/roles", {"roles": ["support"]}),
        ("POST", "/revoke-sessions", dict[str, Any]()),
    ]
    for method, rest, body in calls:
        response = await client.request(
            method, url_of(ann, rest), json=body, headers=acting_as(admin)
        )
        assert mistakes(response) == {("/reason", "required")}


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PATCH", "", {"disabled": True}),
        ("DELETE", "", dict[str, Any]()),
        ("POST", "/revoke-sessions", dict[str, Any]()),
        ("POST", "/mfa-reset", dict[str, Any]()),
        ("POST", "/password-reset", dict[str, Any]()),
        ("POST", "/unlock", dict[str, Any]()),
    ],
)
async def test_nobody_acts_on_themselves_or_on_who_is_above_them(
    client: AsyncClient,
    admin: factories.User,
    user_admin: factories.User,
    execute: Execute,
    method: str,
    rest: str,
    body: dict[str, Any],
) -> None:
    async def act(who: factories.User, on: factories.User) -> Any:
        return await client.request(
            method, url_of(on, rest), json={**body, **WHY}, headers=acting_as(who)
        )

    problem(await act(admin, admin), 403, "cannot_act_on_self")
    problem(await act(user_admin, user_admin), 403, "cannot_act_on_self")
    problem(await act(user_admin, admin), 403, "platform_role_above_own")
    assert await execute("SELECT id FROM audit_event") == []
    assert (await act(admin, user_admin)).is_success


async def test_roles_are_given_and_taken_by_admins(
    client: AsyncClient,
    conn: Transaction,
    admin: factories.User,
    user_admin: factories.User,
    execute: Execute,
) -> None:
    ann = await factories.user(conn)

    async def put(who: factories.User, roles: list[str]) -> Any:
        return await client.put(
            url_of(ann, "/roles"), json={"roles": roles, **WHY}, headers=acting_as(who)
        )

    problem(await put(user_admin, ["support"]), 403, "platform_role_too_low")
    response = await put(admin, ["user_admin", "support", "support"])
    assert response.json()["roles"] == ["support", "user_admin"]
    response = await client.get("/v1/admin/whoami", headers=acting_as(ann))
    assert response.json()["roles"] == ["support", "user_admin"]
    assert (await put(admin, ["support", "user_admin"])).is_success
    assert (await put(admin, [])).json()["roles"] == []
    response = await client.get("/v1/admin/whoami", headers=acting_as(ann))
    problem(response, 403, "platform_role_too_low")
    assert mistakes(await put(admin, ["god"])) == {("/roles/0", "unknown_choice")}

    # What changes nothing is not written down.
    assert [(detail["before"], detail["after"]) for _, _, detail in await events(execute, ann)] == [
        ([], ["support", "user_admin"]),
        (["support", "user_admin"], []),
    ]


async def test_nobody_takes_away_their_own_admin(
    client: AsyncClient, admin: factories.User, conn: Transaction
) -> None:
    await factories.operator(conn)

    async def put(roles: list[str]) -> Any:
        return await client.put(
            url_of(admin, "/roles"), json={"roles": roles, **WHY}, headers=acting_as(admin)
        )

    problem(await put(["support"]), 403, "cannot_act_on_self")
    assert (await put(["support", "admin"])).json()["roles"] == ["admin", "support"]


async def test_a_stranger_learns_nothing_about_who_exists(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    there = problem(
        await client.get(url_of(bob), headers=acting_as(ann)), 403, "platform_role_too_low"
    )
    not_there = problem(
        await client.get(f"/v1/admin/users/{uuid4()}", headers=acting_as(ann)),
        403,
        "platform_role_too_low",
    )

    assert without_ids(there) == without_ids(not_there)


async def test_who_has_lost_their_second_factor_signs_in_without_it_again(
    client: AsyncClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute(
        "INSERT INTO totp (account_id, secret, confirmed_at) VALUES (%(id)s, 'x', now())",
        id=ann.id,
    )
    await execute(
        "INSERT INTO recovery_code (account_id, code_hash) VALUES (%(id)s, 'x')", id=ann.id
    )
    login = {"identifier": ann.email, "password": ann.password}
    assert "mfa" in (await client.post("/v1/auth/login", json=login)).json()

    response = await client.post(url_of(ann, "/mfa-reset"), json=WHY, headers=acting_as(user_admin))

    assert response.status_code == 204
    assert "tokens" in (await client.post("/v1/auth/login", json=login)).json()
    assert await execute("SELECT account_id FROM recovery_code") == []
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    (event,) = await events(execute, ann)
    assert event == (
        "user.mfa_reset",
        user_admin.id,
        {"reason": WHY["reason"], "factors_removed": 1, "sessions_ended": 1},
    )
    told = await mail.last(conn, to=ann.email)
    assert told.template is Template.SECURITY_NOTICE


async def test_an_operator_has_a_link_for_a_new_password_mailed(
    client: AsyncClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)

    response = await client.post(
        url_of(ann, "/password-reset"), json=WHY, headers=acting_as(user_admin)
    )

    assert response.status_code == 202, response.text
    assert response.json() == {"status": "sent"}
    assert await execute(
        "SELECT purpose, target FROM one_time_token WHERE target = %(email)s", email=ann.email
    ) == [("reset_password", ann.email)]
    assert await execute(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'auth_password:mail_reset'"
    ) == [(1,)]
    login = {"identifier": ann.email, "password": ann.password}
    assert "tokens" in (await client.post("/v1/auth/login", json=login)).json()
    (event,) = await events(execute, ann)
    assert event == ("user.password_reset_sent", user_admin.id, {"reason": WHY["reason"]})


async def test_an_operator_lets_a_locked_password_be_tried_again(
    make_client: MakeClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    rates = RateSettings(login_failures=2, login_failures_in_a_row=3)
    client = await make_client(limits=LimitSettings(rates=rates))
    ann = await factories.user(conn)
    login = {"identifier": ann.email, "password": ann.password}
    for _ in range(3):
        await client.post("/v1/auth/login", json={**login, "password": "not the password at all"})
    problem(await client.post("/v1/auth/login", json=login), 401, "invalid_credentials")

    response = await client.post(url_of(ann, "/unlock"), json=WHY, headers=acting_as(user_admin))

    assert response.status_code == 204, response.text
    assert "tokens" in (await client.post("/v1/auth/login", json=login)).json()
    (event,) = await events(execute, ann)
    assert event == ("user.unlocked", user_admin.id, {"reason": WHY["reason"]})


async def test_an_operator_makes_an_account_and_its_owner_chooses_the_password(
    client: AsyncClient, conn: Transaction, user_admin: factories.User, execute: Execute
) -> None:
    body = {"email": "New@example.org", "given_name": "Ann", "locale": "fr", **WHY}

    response = await client.post("/v1/admin/users", json=body, headers=acting_as(user_admin))

    assert response.status_code == 201, response.text
    made = response.json()
    assert response.headers["location"] == f"/v1/admin/users/{made['id']}"
    assert (made["email"], made["has_password"], made["email_verified_at"]) == (
        "New@example.org",
        False,
        None,
    )
    told = await mail.last(conn, to="New@example.org")
    assert (told.template, told.locale) == (Template.ADMIN_CREATED_USER, "fr")
    token = told.params["link"].partition("token=")[2]
    chosen = {"token": token, "password": "eleven owls upon a mossy roof"}
    assert (await client.post("/v1/auth/password/reset", json=chosen)).status_code == 204
    login = {"identifier": "new@example.org", "password": chosen["password"]}
    signed_in = (await client.post("/v1/auth/login", json=login)).json()
    assert signed_in["user"]["email_verified_at"] is not None
    assert await execute(
        "SELECT actor_id, detail FROM audit_event WHERE action = 'user.created'"
    ) == [(user_admin.id, {"reason": WHY["reason"]})]


async def test_an_account_that_is_there_is_not_made_again(
    client: AsyncClient, conn: Transaction, user_admin: factories.User
) -> None:
    ann = await factories.user(conn)
    taken = {"email": ann.email.upper(), **WHY}
    named = {"email": "other@example.org", "username": ann.username, **WHY}
    chosen = {"email": "other@example.org", "password": factories.PASSWORD, **WHY}

    async def create(body: dict[str, Any]) -> Any:
        return await client.post("/v1/admin/users", json=body, headers=acting_as(user_admin))

    problem(await create(taken), 409, "email_taken")
    problem(await create(named), 409, "username_taken")
    assert (await create(chosen)).status_code == 422
    assert await mail.messages(conn, to="other@example.org") == []
