import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient, Response

from src.auth.passwords import Hasher
from src.config import AuthenticationSettings, PasswordHashSettings
from src.database import Connection
from src.exceptions import Busy
from src.users import service as users_service
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, bearer, problem, without_ids


async def log_in(
    client: AsyncClient, identifier: str, password: str = factories.PASSWORD
) -> Response:
    return await client.post(
        "/v1/auth/login", json={"identifier": identifier, "password": password}
    )


@pytest.mark.parametrize(
    "identifier", ["ann@example.org", "ANN@Example.org", " ann@example.org ", "ann", "ANN"]
)
async def test_people_sign_in_by_email_or_username(
    client: AsyncClient, conn: Connection, identifier: str
) -> None:
    ann = await factories.user(conn, email="ann@example.org", username="ann")

    response = await log_in(client, identifier)

    assert response.status_code == 200, response.text
    assert response.json()["user"]["id"] == str(ann.id)
    token = response.json()["tokens"]["access_token"]
    assert (await client.get("/v1/users/me", headers=bearer(token))).status_code == 200


async def test_an_unknown_account_and_a_wrong_password_get_one_answer(
    client: AsyncClient, conn: Connection
) -> None:
    await factories.user(conn, email="ann@example.org")

    wrong = await log_in(client, "ann@example.org", "not the password at all")
    unknown = [await log_in(client, who) for who in ("bob@example.org", "bob", "@", "x y")]

    body = without_ids(problem(wrong, 401, "invalid_credentials"))
    for response in unknown:
        assert without_ids(problem(response, 401, "invalid_credentials")) == body
        assert response.headers.keys() == wrong.headers.keys()
    assert wrong.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("password", ["", "x" * 257, "\U0001f426" * 300, "x" * 4096])
async def test_no_password_is_too_short_or_too_long_to_be_wrong(
    client: AsyncClient, conn: Connection, password: str
) -> None:
    await factories.user(conn, email="ann@example.org")

    problem(await log_in(client, "ann@example.org", password), 401, "invalid_credentials")


async def test_only_the_right_password_tells_that_an_account_is_disabled(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn, email="ann@example.org")
    await execute("UPDATE account SET status = 'disabled'")

    problem(await log_in(client, "ann@example.org", "wrong" * 4), 401, "invalid_credentials")
    problem(await log_in(client, "ann@example.org"), 403, "account_disabled")

    # Only the session of the factory.
    assert len(await execute("SELECT id FROM session")) == 1


async def test_an_account_without_password_cannot_sign_in_by_one(
    client: AsyncClient, conn: Connection
) -> None:
    await users_service.create(
        conn, email="ann@example.org", username=None, given_name="", family_name="", locale="en"
    )

    for password in (factories.PASSWORD, ""):
        problem(await log_in(client, "ann@example.org", password), 401, "invalid_credentials")


async def test_a_hash_that_is_none_of_ours_is_a_wrong_password(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn, email="ann@example.org")
    await execute("UPDATE password SET hash = '$argon2id$x'")

    problem(await log_in(client, "ann@example.org"), 401, "invalid_credentials")


async def test_signing_in_renews_a_hash_of_yesterdays_parameters(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn, email="ann@example.org")
    today = PasswordHashSettings(iterations=3)
    client = await make_client(authentication=AuthenticationSettings(password_hash=today))

    problem(await log_in(client, "ann@example.org", "wrong" * 4), 401, "invalid_credentials")
    ((before,),) = await execute("SELECT hash FROM password")
    assert (await log_in(client, "ann@example.org")).status_code == 200
    ((after,),) = await execute("SELECT hash FROM password")

    assert ",t=2," in before
    assert ",t=3," in after
    assert (await log_in(client, "ann@example.org")).status_code == 200
    assert await execute("SELECT hash FROM password") == [(after,)]


async def test_a_session_remembers_the_place_not_the_person(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn, email="ann@example.org")
    await execute("DELETE FROM session")
    client.headers["User-Agent"] = "Browser 1.0, " * 100

    await log_in(client, "ann@example.org")

    ((prefix, agent, transport, methods),) = await execute(
        "SELECT ip_prefix, user_agent, transport, auth_methods FROM session"
    )
    assert (prefix, transport, methods) == ("127.0.0.0/24", "bearer", ["pwd"])
    assert agent == ("Browser 1.0, " * 100)[:200]


async def test_a_session_ends_when_it_is_not_refreshed_and_in_any_case(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn, email="ann@example.org")
    await execute("DELETE FROM session")

    tokens = (await log_in(client, "ann@example.org")).json()["tokens"]

    ((idle, absolute),) = await execute(
        "SELECT idle_expires_at - created_at, expires_at - created_at FROM session"
    )
    assert (idle, absolute) == (timedelta(days=21), timedelta(days=30))
    ends = datetime.fromisoformat(tokens["refresh_expires_at"])
    assert ends - datetime.now(UTC) < timedelta(days=21)


async def test_the_session_is_shown_to_its_owner(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.get("/v1/auth/session", headers=acting_as(ann))

    assert response.status_code == 200
    body = response.json()
    assert body["session"]["id"] == str(ann.session_id)
    assert body["session"]["transport"] == "bearer"
    assert body["user"]["id"] == str(ann.id)
    assert body["csrf_token"] is None
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("column", ["idle_expires_at", "expires_at"])
async def test_a_session_that_has_expired_is_seen_by_the_next_request(
    client: AsyncClient, conn: Connection, execute: Execute, column: str
) -> None:
    ann = await factories.user(conn)
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200

    if column == "expires_at":
        await execute("UPDATE session SET expires_at = now()")
    else:
        await execute("UPDATE session SET idle_expires_at = now()")

    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")


@pytest.mark.parametrize("status", ["disabled", "deleting"])
async def test_a_disabled_account_is_seen_by_the_next_request(
    client: AsyncClient, conn: Connection, execute: Execute, status: str
) -> None:
    ann = await factories.user(conn)

    await execute(
        "UPDATE account SET status = %(status)s,"
        " erase_at = CASE %(status)s WHEN 'deleting' THEN now() END",
        status=status,
    )

    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    response = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
    )
    problem(response, 401, "session_expired")


async def test_a_token_fits_its_own_account_alone(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    await execute(
        "UPDATE session SET account_id = %(bob)s WHERE id = %(id)s",
        bob=bob.id,
        id=ann.session_id,
    )

    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")


async def test_without_a_token_nobody_is_known(client: AsyncClient) -> None:
    response = await client.get("/v1/users/me")

    problem(response, 401, "not_authenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_flood_of_passwords_is_shed_and_the_rest_is_served() -> None:
    hasher = Hasher(PasswordHashSettings(threads=1))

    done = await asyncio.gather(*map(hasher.hash, ["x"] * 60), return_exceptions=True)
    hasher.close()

    shed = [result for result in done if isinstance(result, Busy)]
    hashes = [result for result in done if isinstance(result, str)]
    assert len(shed) >= 40
    assert hashes
    assert len(shed) + len(hashes) == 60
