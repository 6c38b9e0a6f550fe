"""Signing in by a link or a code that comes by mail."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from src.config import AuthenticationSettings, PageSettings
from src.database import Connection, Transaction
from src.notifications.constants import SecurityEvent, Template
from tests import factories, mail
from tests.auth.conftest import Work
from tests.conftest import Execute, MakeClient
from tests.http import BASE_URL, acting_as, bearer, mistakes, problem

REDEEM = "/v1/auth/login/link/redeem"


async def ask(client: AsyncClient, email: str, kind: str = "link") -> dict[str, str]:
    response = await client.post(f"/v1/auth/login/{kind}", json={"email": email})
    assert response.status_code == 202, response.text
    flow: dict[str, str] = response.json()
    assert flow.keys() == {"flow_id", "expires_at"}
    return flow


async def redeem(client: AsyncClient, **body: object) -> Response:
    return await client.post(REDEEM, json=body)


async def linked(client: AsyncClient, conn: Connection, work: Work, email: str) -> str:
    """The token of the link that somebody has asked for."""
    await ask(client, email)
    await work()
    params = (await mail.last(conn, to=email, template=Template.MAGIC_LINK)).params
    return parse_qs(urlsplit(params["link"]).query)["token"][0]


async def verify(execute: Execute) -> None:
    await execute("UPDATE account SET email_verified_at = now()")


async def test_the_link_signs_in(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)

    response = await redeem(client, token=token)

    assert response.status_code == 200, response.text
    assert response.json()["user"]["id"] == str(ann.id)
    access = response.json()["tokens"]["access_token"]
    session = await client.get("/v1/auth/session", headers=bearer(access))
    assert session.json()["session"]["auth_methods"] == ["email"]
    problem(await redeem(client, token=token), 400, "invalid_token")


async def test_the_code_signs_in_with_the_address_and_the_flow(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    flow = await ask(client, ann.email, "code")
    await work()
    params = (await mail.last(conn, to=ann.email, template=Template.LOGIN_CODE)).params
    assert params.keys() == {"code"}
    proof = {"email": ann.email, "code": params["code"], "flow_id": flow["flow_id"]}

    response = await redeem(client, **proof)

    assert response.status_code == 200, response.text
    problem(await redeem(client, **proof), 400, "invalid_code")


async def test_the_code_beside_a_link_works_as_well(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    flow = await ask(client, ann.email)
    await work()
    code = (await mail.last(conn, to=ann.email)).params["code"]

    response = await redeem(client, email=ann.email, code=code, flow_id=flow["flow_id"])

    assert response.status_code == 200, response.text


async def test_a_code_fits_its_own_flow_alone(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await ask(client, ann.email, "code")
    other = await ask(client, bob.email, "code")
    await work()
    code = (await mail.last(conn, to=ann.email)).params["code"]

    for email in (ann.email, bob.email):
        response = await redeem(client, email=email, code=code, flow_id=other["flow_id"])
        problem(response, 400, "invalid_code")


async def test_after_five_tries_the_code_is_dead(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    flow = await ask(client, ann.email, "code")
    await work()
    code = (await mail.last(conn, to=ann.email)).params["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    for sent in (wrong, wrong, wrong, wrong, wrong, code):
        response = await redeem(client, email=ann.email, code=sent, flow_id=flow["flow_id"])
        problem(response, 400, "invalid_code")


@pytest.mark.parametrize("kind", ["link", "code"])
async def test_known_and_unknown_addresses_get_answers_alike(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute, kind: str
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await execute("UPDATE account SET status = 'disabled' WHERE id = %(id)s", id=bob.id)

    flows = [
        await ask(client, email, kind)
        for email in (ann.email, bob.email, "nobody@example.org", ann.email)
    ]

    ends = [datetime.fromisoformat(flow["expires_at"]) for flow in flows]
    assert max(ends) - min(ends) < timedelta(seconds=5)
    assert len({flow["flow_id"] for flow in flows}) == 4
    assert await work() == 3
    assert {message.to for message in await mail.messages(conn)} == {ann.email}


async def test_a_second_mail_within_a_minute_is_not_sent_and_leaves_the_first_alive(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)

    await ask(client, ann.email)

    assert await work() == 0
    assert (await redeem(client, token=token)).status_code == 200


async def test_the_link_dies_after_ten_minutes(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)
    ((lifetime,),) = await execute("SELECT expires_at - created_at FROM one_time_token")
    await execute("UPDATE one_time_token SET expires_at = now()")

    assert lifetime == timedelta(minutes=10)
    problem(await redeem(client, token=token), 400, "expired_token")


async def test_of_an_account_that_was_verified_before_everything_stays(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await verify(execute)
    token = await linked(client, conn, work, ann.email)

    assert (await redeem(client, token=token)).status_code == 200

    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    assert len(await execute("SELECT account_id FROM password")) == 1


async def test_who_proves_the_mailbox_first_shuts_out_who_signed_up_with_it(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute
) -> None:
    """Somebody may have signed up with another's address, and waited for them to come."""
    squatter = await factories.user(conn, email="ann@example.org")
    key = await factories.api_key(conn, squatter)
    bob = await factories.user(conn)
    token = await linked(client, conn, work, "ann@example.org")

    response = await redeem(client, token=token)

    assert response.json()["user"]["email_verified_at"] is not None
    access = response.json()["tokens"]["access_token"]
    assert (await client.get("/v1/users/me", headers=bearer(access))).status_code == 200
    problem(await client.get("/v1/users/me", headers=acting_as(squatter)), 401, "invalid_token")
    problem(await client.get("/v1/users/me", headers=bearer(key)), 401, "invalid_token")
    login = {"identifier": "ann@example.org", "password": factories.PASSWORD}
    problem(await client.post("/v1/auth/login", json=login), 401, "invalid_credentials")
    assert await execute("SELECT account_id FROM password") == [(bob.id,)]
    actions = await execute("SELECT action FROM audit_event ORDER BY action")
    assert actions == [("api_key.created",), ("password.wiped",), ("session.revoked",)]
    told = await mail.last(conn, to="ann@example.org")
    assert (told.template, told.params) == (
        Template.SECURITY_NOTICE,
        {"event": SecurityEvent.PASSWORD_WIPED},
    )


async def test_who_had_no_password_is_told_of_none(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("DELETE FROM password")
    token = await linked(client, conn, work, ann.email)

    assert (await redeem(client, token=token)).status_code == 200

    assert (await mail.last(conn, to=ann.email)).template is Template.MAGIC_LINK


@pytest.mark.parametrize("change", ["email = 'other@example.org'", "status = 'disabled'"])
async def test_a_link_to_an_account_that_is_no_more_what_it_was_is_dead(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute, change: str
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)
    if change.startswith("email"):
        await execute("UPDATE account SET email = 'other@example.org'")
    else:
        await execute("UPDATE account SET status = 'disabled'")

    problem(await redeem(client, token=token), 400, "invalid_token")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ann@example.org", "code": "123456"},
        {"code": "123456", "flow_id": "0198a0a0-0000-7000-8000-000000000000"},
        {"token": "x", "email": "ann@example.org"},
        {
            "token": "x",
            "email": "ann@example.org",
            "code": "123456",
            "flow_id": "0198a0a0-0000-7000-8000-000000000000",
        },
    ],
)
async def test_there_is_a_token_or_a_code_with_address_and_flow(
    client: AsyncClient, body: dict[str, str]
) -> None:
    assert mistakes(await redeem(client, **body)) == {("", "token_or_code")}


async def test_into_cookies_it_signs_in_from_an_allowed_page_only(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)
    body = {"token": token, "token_transport": "cookie"}

    foreign = await client.post(REDEEM, json=body, headers={"Origin": "https://evil.example"})
    problem(foreign, 403, "csrf_failed")
    response = await client.post(REDEEM, json=body, headers={"Origin": BASE_URL})

    assert response.status_code == 200, response.text
    assert response.json()["tokens"] is None
    assert (await client.get("/v1/users/me")).status_code == 200


async def test_it_can_be_switched_off(make_client: MakeClient, conn: Connection) -> None:
    client = await make_client(authentication=AuthenticationSettings(mail_login=False))
    ann = await factories.user(conn)

    for path, body in [
        ("/v1/auth/login/link", {"email": ann.email}),
        ("/v1/auth/login/code", {"email": ann.email}),
        (REDEEM, {"token": "x"}),
    ]:
        problem(await client.post(path, json=body), 404, "method_disabled")


async def test_the_link_leads_to_the_operators_own_page_if_there_is_one(
    make_client: MakeClient, conn: Connection, work: Work
) -> None:
    pages = PageSettings(login_link="https://app.example.org/in")
    client = await make_client(pages=pages)
    ann = await factories.user(conn)

    await ask(client, ann.email)
    await work()

    link = (await mail.last(conn, to=ann.email)).params["link"]
    assert link.startswith("https://app.example.org/in?token=core_once_")


async def test_opening_the_page_spends_nothing(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    token = await linked(client, conn, work, ann.email)

    for method in ("GET", "HEAD"):
        response = await client.request(method, REDEEM, params={"token": token})
        assert response.status_code == 200

    assert (await redeem(client, token=token)).status_code == 200
