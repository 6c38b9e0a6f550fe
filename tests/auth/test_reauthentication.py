"""Showing the password again: fresh is the sign-in of whoever has shown it, nobody else's."""

import pytest
from httpx2 import AsyncClient, Response

from src.auth import cookies
from src.auth.constants import Transport
from src.config import Settings
from src.database import Connection, Transaction
from tests import factories
from tests.auth.mfa.securing import secure
from tests.conftest import Execute
from tests.http import BASE_URL, acting_as, bearer, problem

URL = "/v1/auth/reauthenticate"
FRESH = "/v1/users/me/password"
"""What asks for a fresh sign-in, and meets a rule of its domain."""


async def stale(
    conn: Connection, execute: Execute, *, transport: Transport = Transport.BEARER
) -> factories.User:
    """Somebody who signed in an hour ago, and whose tokens say so."""
    ann = await factories.user(conn, transport=transport)
    await execute("UPDATE session SET authenticated_at = now() - interval '1 hour'")
    return ann


async def confirm(client: AsyncClient, user: factories.User, password: str) -> Response:
    return await client.post(URL, json={"password": password}, headers=acting_as(user))


async def test_the_right_password_makes_the_sign_in_fresh(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await stale(conn, execute)
    problem(await client.delete(FRESH, headers=acting_as(ann)), 403, "fresh_login_required")

    response = await confirm(client, ann, factories.PASSWORD)

    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()["tokens"]
    fresh = await client.delete(FRESH, headers=bearer(tokens["access_token"]))
    problem(fresh, 409, "last_login_method")
    session = await client.get("/v1/auth/session", headers=bearer(tokens["access_token"]))
    assert session.json()["session"]["id"] == str(ann.session_id)
    ((action,),) = await execute("SELECT action FROM audit_event")
    assert action == "session.confirmed"


async def test_a_wrong_password_changes_nothing(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await stale(conn, execute)
    before = await execute("SELECT session::text FROM session")

    for password in ("not the password at all", "", "x" * 4000):
        problem(await confirm(client, ann, password), 401, "invalid_credentials")

    assert await execute("SELECT session::text FROM session") == before


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        ({"password": "not the password at all"}, "The password is another one."),
        ({"totp": "000000"}, "After five wrong ones wait a quarter of an hour."),
        ({"assertion": {"id": "AAAA"}}, "The passkey proves nothing"),
    ],
)
async def test_a_refusal_speaks_of_the_proof_that_came(
    client: AsyncClient, conn: Transaction, proof: dict[str, object], said: str
) -> None:
    """Of a code no ticket is dead: there is none, and nobody has to sign in from the start."""
    ann = (await secure(conn)).user

    response = await client.post("/v1/auth/reauthenticate", json=proof, headers=acting_as(ann))

    assert response.status_code == 401, response.text
    detail = response.json()["detail"]
    assert said in detail
    assert "sign in from the start" not in detail


async def test_the_password_is_the_callers_own(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await stale(conn, execute)
    await factories.user(conn)
    await execute("DELETE FROM password WHERE account_id = %(id)s", id=ann.id)

    problem(await confirm(client, ann, factories.PASSWORD), 401, "invalid_credentials")


async def test_the_refresh_token_from_before_is_spent_and_the_new_one_works(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await stale(conn, execute)

    new = (await confirm(client, ann, factories.PASSWORD)).json()["tokens"]["refresh_token"]
    await execute("UPDATE session SET rotated_at = now() - interval '1 minute'")

    assert new != ann.refresh_token
    again = await client.post("/v1/auth/token/refresh", json={"refresh_token": new})
    assert again.status_code == 200, again.text
    old = await client.post("/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token})
    problem(old, 401, "refresh_reused")


async def test_in_cookie_transport_the_tokens_go_into_cookies(
    client: AsyncClient, conn: Connection, execute: Execute, settings: Settings
) -> None:
    ann = await stale(conn, execute, transport=Transport.COOKIE)
    csrf_token = cookies.csrf_token(settings, ann.session_id)
    client.cookies.set("core_at", ann.access_token, domain="test.local", path="/")

    response = await client.post(
        URL,
        json={"password": factories.PASSWORD},
        headers={"Origin": BASE_URL, "X-CSRF-Token": csrf_token},
    )

    assert response.json() == {"tokens": None, "csrf_token": csrf_token}
    assert "core_rt" in client.cookies
    shown = await client.get("/v1/auth/session")
    assert shown.status_code == 200


async def test_an_access_token_from_before_is_not_made_fresh(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await stale(conn, execute)
    refreshed = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
    )
    stolen = refreshed.json()["tokens"]["access_token"]

    response = await client.post(URL, json={"password": factories.PASSWORD}, headers=bearer(stolen))

    problem(await client.delete(FRESH, headers=bearer(stolen)), 403, "fresh_login_required")
    new = response.json()["tokens"]["access_token"]
    problem(await client.delete(FRESH, headers=bearer(new)), 409, "last_login_method")
