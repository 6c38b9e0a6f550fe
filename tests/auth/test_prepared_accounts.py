"""Whoever signs up with the address of others, and prepares ways in, has none once they come."""

from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.database import Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.conftest import Work
from tests.auth.mfa.securing import secure
from tests.auth.passkeys.authenticator import Authenticator
from tests.auth.passkeys.registering import log_in as log_in_by_passkey
from tests.auth.passkeys.registering import register
from tests.conftest import Execute
from tests.devices.registering import bind, new_id
from tests.http import acting_as, bearer, mistakes, problem

NEW = "eleven owls upon a mossy roof"
WAYS = ("identity", "passkey", "totp", "recovery_code", "api_key", "device", "phone")


async def prepared(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> tuple[factories.User, Authenticator, str]:
    """An account of an address that nobody has proved, with all that signs in; its passkey, key."""
    squatter = await factories.user(conn, email="ann@example.org")
    await secure(conn, squatter)
    kept = await register(client, squatter)
    await execute(
        "INSERT INTO identity (account_id, provider, issuer, subject)"
        " VALUES (%(id)s, 'op', 'https://op.example.org', 'the one who waits')",
        id=squatter.id,
    )
    await execute(
        "INSERT INTO phone (account_id, number) VALUES (%(id)s, '+15005550006')", id=squatter.id
    )
    assert (await bind(client, squatter, new_id())).status_code == 201
    for purpose in (Purpose.CHANGE_EMAIL, Purpose.ADD_PASSKEY):
        await onetime_service.issue(
            conn, b"key", purpose=purpose, target=str(squatter.id), user_id=squatter.id
        )
    return squatter, kept.passkey, await factories.api_key(conn, squatter)


async def token_of(client: AsyncClient, conn: Transaction, work: Work, way: str) -> str:
    """Of the mail that the owner of the address asks for."""
    body = {"email": "ann@example.org"}
    if way == "reset":
        template, path = Template.RESET_PASSWORD, "/v1/auth/password/recovery"
    else:
        template, path = Template.MAGIC_LINK, "/v1/auth/login/link"
    asked = await client.post(path, json=body)
    assert asked.status_code == 202, asked.text
    await work()
    params = (await mail.last(conn, to="ann@example.org", template=template)).params
    return parse_qs(urlsplit(params["link"]).query)["token"][0]


async def come(client: AsyncClient, way: str, token: str, password: str = NEW) -> Response:
    if way == "reset":
        body = {"token": token, "password": password}
        return await client.post("/v1/auth/password/reset", json=body)
    return await client.post("/v1/auth/login/link/redeem", json={"token": token})


@pytest.mark.parametrize("way", ["reset", "link"])
async def test_who_proves_the_mailbox_finds_nothing_that_was_prepared(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute, way: str
) -> None:
    squatter, passkey, key = await prepared(client, conn, execute)
    token = await token_of(client, conn, work, way)

    response = await come(client, way, token)

    if way == "reset":
        assert response.status_code == 204, response.text
        login = {"identifier": squatter.email, "password": NEW}
        response = await client.post("/v1/auth/login", json=login)
    # No second factor of somebody else is asked for.
    assert response.json()["tokens"] is not None
    problem(await log_in_by_passkey(client, passkey), 400, "invalid_passkey")
    problem(await client.get("/v1/users/me", headers=bearer(key)), 401, "invalid_token")
    problem(await client.get("/v1/users/me", headers=acting_as(squatter)), 401, "invalid_token")
    for table in WAYS:
        assert await execute(f"SELECT 1 FROM {table}") == [], table
    assert await execute("SELECT purpose FROM one_time_token WHERE account_id IS NOT NULL") == []


async def test_a_prepared_second_factor_allows_no_short_password(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute
) -> None:
    await prepared(client, conn, execute)
    token = await token_of(client, conn, work, "reset")

    page = await client.get("/v1/auth/password/reset", params={"token": token})
    refused = await come(client, "reset", token, "elevenowls")

    assert 'minlength="15"' in page.text
    assert mistakes(refused) == {("/password", "password_too_short")}
    assert (await come(client, "reset", token)).status_code == 204


@pytest.mark.parametrize("way", ["reset", "link"])
async def test_of_a_mailbox_that_was_proved_before_all_ways_in_stay(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute, way: str
) -> None:
    await prepared(client, conn, execute)
    await execute("UPDATE account SET email_verified_at = now()")

    response = await come(client, way, await token_of(client, conn, work, way))

    assert response.status_code in {200, 204}, response.text
    for table in WAYS:
        assert await execute(f"SELECT 1 FROM {table}") != [], table
