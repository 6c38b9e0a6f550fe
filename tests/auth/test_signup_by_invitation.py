"""Signing up by an invitation: in the team once the email is verified, and not before."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.config import AuthenticationSettings, LimitSettings, RateSettings
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.test_signup_by_mail import told
from tests.conftest import Execute, MakeClient
from tests.http import bearer, problem
from tests.invitations.inviting import Team, team_of

EVE = "eve@example.org"
UNKNOWN = "core_inv_" + "a" * 43
UNCOUNTED = LimitSettings(rates=RateSettings(mail_address_minute=0, mail_address=0, signup_ip=0))


@pytest.fixture
async def team(make_client: MakeClient, conn: Connection) -> Team:
    """A team of a service where anybody may sign up."""
    return await team_of(await make_client(limits=UNCOUNTED), conn)


async def service(make_client: MakeClient, signup: str) -> AsyncClient:
    settings = AuthenticationSettings.model_validate({"signup": signup})
    return await make_client(authentication=settings, limits=UNCOUNTED)


async def sign_up(client: AsyncClient, token: str | None = None, **changes: Any) -> Response:
    body: dict[str, Any] = {"email": EVE, "password": factories.PASSWORD, **changes}
    if token is not None:
        body["invitation_token"] = token
    return await client.post("/v1/auth/signup", json=body)


async def mailed(conn: Connection, template: Template) -> dict[str, str]:
    params = (await mail.last(conn, to=EVE, template=template)).params
    return {"token": params["link"].partition("token=")[2], "code": params["code"]}


async def complete(client: AsyncClient, token: str) -> Response:
    body = {"token": token, "password": factories.PASSWORD}
    return await client.post("/v1/auth/signup/complete", json=body)


async def roles(execute: Execute) -> list[str]:
    """Of those whom Eve's account has become."""
    rows = await execute(
        "SELECT role FROM team_member JOIN account ON account.id = account_id"
        " WHERE email = %(email)s",
        email=EVE,
    )
    return [role for (role,) in rows]


@pytest.mark.parametrize("proof", ["token", "code", "asked for again"])
async def test_who_verifies_is_in_the_team(
    team: Team, conn: Connection, execute: Execute, proof: str
) -> None:
    made = await team.invite(role="editor", email="Eve@Example.org")

    assert (await sign_up(team.client, made["token"])).status_code == 201
    assert await roles(execute) == []
    if proof == "asked for again":
        await team.client.post("/v1/auth/email/verification", json={"email": EVE})
    sent = await mailed(conn, Template.VERIFY_EMAIL)
    body = {"email": EVE, "code": sent["code"]} if proof == "code" else {"token": sent["token"]}
    response = await team.client.post("/v1/auth/email/verify", json=body)

    assert response.status_code == 204, response.text
    assert await roles(execute) == ["editor"]
    assert await team.state_of(made) == "accepted"


@pytest.mark.parametrize("signup", ["open", "private", "disabled"])
async def test_by_mail_they_are_in_the_team_at_once(
    team: Team, make_client: MakeClient, conn: Connection, execute: Execute, signup: str
) -> None:
    made = await team.invite(email=EVE, role="editor")
    client = await service(make_client, signup)

    assert (await sign_up(client, made["token"], password=None)).status_code == 202
    response = await complete(client, (await mailed(conn, Template.SIGNUP))["token"])

    assert response.status_code == 201, response.text
    assert await roles(execute) == ["editor"]


async def test_who_asks_again_without_the_token_is_invited_still(
    team: Team, make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    made = await team.invite(email=EVE, role="editor")
    client = await service(make_client, "private")
    for token in (made["token"], None, UNKNOWN):
        assert (await sign_up(client, token, password=None)).status_code == 202

    response = await complete(client, (await mailed(conn, Template.SIGNUP))["token"])

    assert response.status_code == 201, response.text
    assert await roles(execute) == ["editor"]


@pytest.mark.parametrize("way", ["at once", "by mail"])
async def test_a_link_of_a_stranger_brings_nobody_into_their_team(
    team: Team, conn: Connection, execute: Execute, way: str
) -> None:
    made = await team.invite(role="editor")

    if way == "at once":
        assert (await sign_up(team.client, made["token"])).status_code == 201
        body = {"token": (await mailed(conn, Template.VERIFY_EMAIL))["token"]}
        verified = await team.client.post("/v1/auth/email/verify", json=body)
        assert verified.status_code == 204, verified.text
    else:
        await sign_up(team.client, made["token"], password=None)
        token = (await mailed(conn, Template.SIGNUP))["token"]
        assert (await complete(team.client, token)).status_code == 201

    assert await roles(execute) == []
    assert await team.state_of(made) == "active"
    # They accept it themselves.
    login = {"identifier": EVE, "password": factories.PASSWORD}
    eve = (await team.client.post("/v1/auth/login", json=login)).json()["tokens"]["access_token"]
    accepted = await team.client.post(
        f"/v1/invitations/{made['token']}/accept", headers=bearer(eve)
    )
    assert accepted.status_code in {200, 201}, accepted.text
    assert await roles(execute) == ["editor"]


async def test_an_invitation_of_somebody_else_or_none_makes_an_account_and_no_member(
    team: Team, conn: Connection, execute: Execute
) -> None:
    other = await team.invite(email="bob@example.org")
    over = await team.invite(email=EVE)
    await team.revoke(over)

    for number, token in enumerate((other["token"], over["token"], UNKNOWN)):
        email = f"eve{number}@example.org"
        assert (await sign_up(team.client, token, email=email)).status_code == 201
        params = (await mail.last(conn, to=email, template=Template.VERIFY_EMAIL)).params
        body = {"email": email, "code": params["code"]}
        assert (await team.client.post("/v1/auth/email/verify", json=body)).status_code == 204
    assert await execute("SELECT count(*) FROM team_member") == [(1,)]
    assert await team.state_of(other) == "active"


async def test_one_that_holds_no_more_when_they_verify_lets_nobody_in(
    team: Team, conn: Connection, execute: Execute
) -> None:
    made = await team.invite(email=EVE)
    await sign_up(team.client, made["token"])
    await team.revoke(made)

    body = {"token": (await mailed(conn, Template.VERIFY_EMAIL))["token"]}
    assert (await team.client.post("/v1/auth/email/verify", json=body)).status_code == 204

    assert await roles(execute) == []


async def test_a_private_service_answers_alike_whatever_the_token(
    team: Team, make_client: MakeClient, conn: Connection
) -> None:
    bob = await factories.user(conn)
    made = await team.invite(email=EVE)
    client = await service(make_client, "private")

    answers = [
        told(await sign_up(client, token, email=email))
        for email in (EVE, bob.email, "new@example.org")
        for token in (made["token"], UNKNOWN, None)
    ]

    assert answers == answers[:1] * 9
    assert (await sign_up(client, UNKNOWN)).status_code == 202


async def test_where_nobody_can_sign_up_only_who_is_named_can(
    team: Team, make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    made, link = await team.invite(email=EVE), await team.invite()
    client = await service(make_client, "disabled")

    for token, email in (
        (None, EVE),
        (UNKNOWN, EVE),
        (link["token"], EVE),
        (made["token"], "bob@example.org"),
    ):
        problem(await sign_up(client, token, email=email), 403, "signup_disabled")
    response = await sign_up(client, made["token"])

    assert (response.status_code, response.json()) == (202, {"status": "check_email"})
    assert await execute("SELECT count(*) FROM account") == [(1,)]


@pytest.mark.parametrize("proof", ["token", "code"])
async def test_what_was_mailed_before_signing_up_was_disabled_makes_no_account(
    team: Team, make_client: MakeClient, conn: Connection, execute: Execute, proof: str
) -> None:
    await sign_up(team.client, password=None)
    sent = await mailed(conn, Template.SIGNUP)
    client = await service(make_client, "disabled")
    body = {"email": EVE, "code": sent["code"]} if proof == "code" else {"token": sent["token"]}

    response = await client.post(
        "/v1/auth/signup/complete", json={"password": factories.PASSWORD, **body}
    )

    problem(response, 403, "signup_disabled")
    assert await execute("SELECT count(*) FROM account") == [(1,)]
