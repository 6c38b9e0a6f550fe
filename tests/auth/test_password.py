"""Setting, changing and removing one's own password."""

import pytest
from httpx2 import AsyncClient, Response

from src.auth import cookies
from src.auth.constants import Transport
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import Settings
from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import BASE_URL, acting_as, mistakes, problem

NEW = "eleven owls upon a mossy roof"
URL = "/v1/users/me/password"


async def change(client: AsyncClient, user: factories.User, **changes: object) -> Response:
    body = {"current_password": factories.PASSWORD, "new_password": NEW, **changes}
    given = {name: value for name, value in body.items() if value is not None}
    return await client.put(URL, json=given, headers=acting_as(user))


async def log_in(client: AsyncClient, user: factories.User, password: str) -> Response:
    return await client.post(
        "/v1/auth/login", json={"identifier": user.email, "password": password}
    )


async def is_known(client: AsyncClient, user: factories.User) -> bool:
    response = await client.get("/v1/users/me", headers=acting_as(user))
    return response.status_code == 200


async def test_the_new_password_is_the_one_that_counts(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    response = await change(client, ann)

    assert (response.status_code, response.content) == (204, b"")
    problem(await log_in(client, ann, factories.PASSWORD), 401, "invalid_credentials")
    assert (await log_in(client, ann, NEW)).status_code == 200


async def test_changing_it_ends_the_other_sessions_and_keeps_this_one(
    client: AsyncClient, conn: Connection
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    other = await factories.session(conn, ann)

    assert (await change(client, ann)).status_code == 204

    assert await is_known(client, ann)
    assert not await is_known(client, other)
    assert await is_known(client, bob)
    response = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
    )
    assert response.status_code == 200, response.text


async def test_the_other_sessions_may_stay_on_request(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    other = await factories.session(conn, ann)

    assert (await change(client, ann, revoke_others=False)).status_code == 204

    assert await is_known(client, other)


@pytest.mark.parametrize("current", [None, "", "not the password at all", NEW])
async def test_only_the_current_password_lets_it_be_changed(
    client: AsyncClient, conn: Connection, execute: Execute, current: str | None
) -> None:
    ann = await factories.user(conn)
    before = await execute("SELECT hash FROM password")

    problem(await change(client, ann, current_password=current), 401, "invalid_credentials")

    assert await execute("SELECT hash FROM password") == before


@pytest.mark.parametrize("same", [factories.PASSWORD, "ﬁve otters under the bridge"])
async def test_the_same_password_again_is_no_change(
    client: AsyncClient, conn: Connection, same: str
) -> None:
    ann = await factories.user(conn)
    if same != factories.PASSWORD:
        assert (await change(client, ann, new_password=same)).status_code == 204
    again = same.replace("ﬁ", "fi")

    response = await change(client, ann, current_password=same, new_password=again)

    problem(response, 409, "same_password")


async def test_what_is_wrong_with_a_new_password_is_said_at_its_place(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn, email="annabella@example.org")

    for password, code in [
        ("short", "password_too_short"),
        ("x" * 300, "password_too_long"),
        ("annabella goes down town", "password_contains_context"),
        ("passwordpassword", "password_breached"),
    ]:
        response = await change(client, ann, new_password=password)
        assert mistakes(response) == {("/new_password", code)}


async def test_a_new_password_kills_what_would_sign_somebody_in_without_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    for user in (ann, bob):
        for purpose in Purpose:
            await onetime_service.issue(
                conn, b"key", purpose=purpose, target=user.email, user_id=user.id
            )

    assert (await change(client, ann)).status_code == 204

    left = await execute("SELECT purpose FROM one_time_token WHERE account_id = %(id)s", id=ann.id)
    killed = {"reset_password", "magic_link", "sso_login", "mfa"}
    assert {purpose for (purpose,) in left} == set(Purpose) - killed
    ((count,),) = await execute(
        "SELECT count(*) FROM one_time_token WHERE account_id = %(id)s", id=bob.id
    )
    assert count == len(Purpose)


async def test_changing_it_is_written_down(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    await change(client, ann)

    rows = await execute("SELECT action, actor_id FROM audit_event ORDER BY action")
    assert ("password.changed", ann.id) in rows
    assert ("session.revoked", ann.id) in rows


async def test_in_cookie_transport_the_caller_gets_new_tokens(
    client: AsyncClient, conn: Connection, settings: Settings
) -> None:
    ann = await factories.user(conn, transport=Transport.COOKIE)
    headers = {
        "Origin": BASE_URL,
        "X-CSRF-Token": cookies.csrf_token(settings, ann.session_id),
        "Cookie": f"core_at={ann.access_token}",
    }

    response = await client.put(
        URL,
        json={"current_password": factories.PASSWORD, "new_password": NEW},
        headers=headers,
    )

    assert response.status_code == 204, response.text
    assert client.cookies["core_at"] != ann.access_token
    assert client.cookies["core_rt"] != ann.refresh_token
    own = {"Origin": BASE_URL, "X-CSRF-Token": headers["X-CSRF-Token"]}
    assert (await client.get("/v1/users/me", headers=own)).status_code == 200
    assert (await client.post("/v1/auth/token/refresh", headers=own)).status_code == 200


async def make_passwordless(execute: Execute, user: factories.User) -> None:
    await execute("DELETE FROM password WHERE account_id = %(id)s", id=user.id)


async def test_a_first_password_takes_a_fresh_sign_in(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await make_passwordless(execute, ann)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await change(client, ann, current_password=None), 403, "fresh_login_required")
    problem(await change(client, ann), 403, "fresh_login_required")

    assert await execute("SELECT account_id FROM password") == []


async def test_removing_the_only_way_to_sign_in_is_refused(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    problem(await client.delete(URL, headers=acting_as(ann)), 409, "last_login_method")

    assert (await log_in(client, ann, factories.PASSWORD)).status_code == 200


async def test_removing_a_password_that_is_not_there_changes_nothing(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await make_passwordless(execute, ann)

    assert (await client.delete(URL, headers=acting_as(ann))).status_code == 204
    assert await execute("SELECT action FROM audit_event") == []


async def test_removing_it_takes_a_fresh_sign_in(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await client.delete(URL, headers=acting_as(ann)), 403, "fresh_login_required")
