"""Signing up by mail: the only way into a private service, and one into an open one."""

from collections.abc import AsyncIterator, Mapping

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from src.config import AuthenticationSettings, LimitSettings, RateSettings
from src.constants import Environment
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeApp, MakeClient
from tests.http import BASE_URL, bearer, mistakes, problem

PASSWORD = factories.PASSWORD
FRESH = {"x-request-id", "ratelimit"}
OTHER_PASSWORD = "nine otters in a long row"
EMAIL = "ann@example.org"
PRIVATE = AuthenticationSettings(signup="private", require_verified_email=True)
UNCOUNTED = LimitSettings(rates=RateSettings(signup_ip=0, mail_address_minute=0))


@pytest.fixture
async def private(make_client: MakeClient) -> AsyncClient:
    return await make_client(authentication=PRIVATE, limits=UNCOUNTED)


async def sign_up(client: AsyncClient, **fields: object) -> Response:
    return await client.post("/v1/auth/signup", json={"email": EMAIL, **fields})


async def complete(client: AsyncClient, **fields: object) -> Response:
    return await client.post("/v1/auth/signup/complete", json={"password": PASSWORD, **fields})


async def mailed(conn: Connection, to: str = EMAIL) -> Mapping[str, str]:
    """What the newest sign-up mail holds: `token` and `code`."""
    params = (await mail.last(conn, to=to, template=Template.SIGNUP)).params
    return {"token": params["link"].partition("token=")[2], "code": params["code"]}


def told(response: Response) -> object:
    """All that an answer tells, but for what tells one request from another."""
    headers = {name: value for name, value in response.headers.items() if name not in FRESH}
    return response.status_code, headers, response.content


@pytest.mark.parametrize("password", [PASSWORD, None])
async def test_a_private_service_answers_alike_for_known_and_new_addresses(
    private: AsyncClient, conn: Connection, execute: Execute, password: str | None
) -> None:
    bob = await factories.user(conn)

    new = await sign_up(private, password=password)
    known = await sign_up(private, password=password, email=bob.email.upper())

    assert new.status_code == 202, new.text
    assert new.json() == {"status": "check_email"}
    assert told(new) == told(known)
    assert await execute("SELECT count(*) FROM account") == [(1,)]
    (to_bob,) = await mail.messages(conn, to=bob.email)
    assert to_bob.template is Template.SIGNUP_KNOWN_EMAIL
    assert "token" not in to_bob.params["link"]


async def test_a_weak_password_is_refused_before_anything_else(
    private: AsyncClient, conn: Connection
) -> None:
    bob = await factories.user(conn)

    for email in (bob.email, EMAIL):
        response = await sign_up(private, email=email, password="too short")
        assert mistakes(response) == {("/password", "password_too_short")}

    assert await mail.messages(conn) == []


async def test_the_link_makes_an_account_that_is_verified_and_signs_it_in(
    private: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await sign_up(private, username="ann", given_name="Ann", locale="de")

    token = (await mailed(conn))["token"]
    response = await complete(private, token=token, family_name="Baker")

    assert response.status_code == 201, response.text
    assert response.headers["location"] == "/v1/users/me"
    body = response.json()
    user = body["user"]
    assert user["email_verified_at"] is not None
    assert [
        user[name] for name in ("email", "username", "given_name", "family_name", "locale")
    ] == [
        EMAIL,
        "ann",
        "Ann",
        "Baker",
        "de",
    ]
    me = bearer(body["tokens"]["access_token"])
    assert (await private.get("/v1/teams", headers=me)).status_code == 200
    login = {"identifier": EMAIL, "password": PASSWORD}
    assert (await private.post("/v1/auth/login", json=login)).status_code == 200
    assert await execute("SELECT action FROM audit_event") == [("user.signed_up",)]


async def test_the_code_serves_as_well(private: AsyncClient, conn: Connection) -> None:
    await sign_up(private)
    sent = await mailed(conn)

    response = await complete(private, email=EMAIL.upper(), code=sent["code"])

    assert response.status_code == 201, response.text
    assert response.json()["user"]["email"] == EMAIL
    problem(await complete(private, token=sent["token"]), 400, "invalid_token")


async def test_five_wrong_codes_and_the_right_one_is_dead(
    private: AsyncClient, conn: Connection
) -> None:
    await sign_up(private)
    code = (await mailed(conn))["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    for attempt in (*[wrong] * 5, code):
        problem(await complete(private, email=EMAIL, code=attempt), 400, "invalid_code")


async def test_a_password_chosen_in_advance_never_opens_the_account(
    private: AsyncClient, conn: Connection
) -> None:
    """Whoever signs up with an address of somebody else's has no way into what becomes of it."""
    await sign_up(private, password=OTHER_PASSWORD)
    stolen = {"identifier": EMAIL, "password": OTHER_PASSWORD}
    problem(await private.post("/v1/auth/login", json=stolen), 401, "invalid_credentials")

    done = await complete(private, token=(await mailed(conn))["token"])

    assert done.status_code == 201, done.text
    problem(await private.post("/v1/auth/login", json=stolen), 401, "invalid_credentials")


async def test_asking_again_kills_the_link_before(private: AsyncClient, conn: Connection) -> None:
    await sign_up(private)
    first = await mailed(conn)
    await sign_up(private)

    problem(await complete(private, token=first["token"]), 400, "invalid_token")
    assert (await complete(private, token=(await mailed(conn))["token"])).status_code == 201


async def test_checking_a_link_does_not_use_it_up(private: AsyncClient, conn: Connection) -> None:
    await sign_up(private)
    body = {"token": (await mailed(conn))["token"]}

    for _ in range(2):
        response = await private.post("/v1/auth/signup/check", json=body)
        assert response.status_code == 200, response.text
        assert response.json()["email_hint"] == "a***@example.org"
    assert (await complete(private, **body)).status_code == 201
    problem(await private.post("/v1/auth/signup/check", json=body), 400, "invalid_token")


async def test_a_link_of_half_an_hour_ago_has_expired(
    private: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await sign_up(private)
    body = {"token": (await mailed(conn))["token"]}
    (left,) = await execute(
        "SELECT expires_at - created_at = interval '30 minutes' FROM one_time_token"
    )
    await execute("UPDATE one_time_token SET expires_at = now()")

    assert left == (True,)
    problem(await private.post("/v1/auth/signup/check", json=body), 400, "expired_token")
    problem(await complete(private, **body), 400, "expired_token")


async def test_a_taken_username_leaves_the_link_usable(
    private: AsyncClient, conn: Connection
) -> None:
    bob = await factories.user(conn)
    await sign_up(private, username=bob.username.upper())
    token = (await mailed(conn))["token"]

    problem(await complete(private, token=token), 409, "username_taken")
    assert (await complete(private, token=token, username="ann")).status_code == 201


async def test_an_address_that_was_taken_meanwhile_is_said_to_be(
    private: AsyncClient, conn: Connection, execute: Execute
) -> None:
    await sign_up(private)
    token = (await mailed(conn))["token"]
    await factories.user(conn, email=EMAIL)

    problem(await complete(private, token=token), 409, "email_taken")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"email": EMAIL},
        {"code": "123456"},
        {"token": "x", "code": "123456"},
        {"token": "x", "email": EMAIL},
    ],
)
async def test_a_completion_takes_a_token_or_a_code_with_its_address(
    private: AsyncClient, fields: dict[str, str]
) -> None:
    assert mistakes(await complete(private, **fields)) == {("", "token_or_code")}


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("ann.baker is my name here", "password_contains_context"),
        ("passwordpassword", "password_breached"),
    ],
)
async def test_each_fault_of_a_password_has_its_own_code(
    private: AsyncClient, conn: Connection, password: str, code: str
) -> None:
    email = "ann.baker@example.org"
    await sign_up(private, email=email)
    sent = await mailed(conn, email)

    for proof in ({"token": sent["token"]}, {"email": email, "code": sent["code"]}):
        response = await complete(private, **proof, password=password)
        assert mistakes(response) == {("/password", code)}
    assert (await complete(private, token=sent["token"])).status_code == 201


async def test_in_an_open_service_one_may_begin_with_the_address_alone(
    client: AsyncClient, conn: Connection
) -> None:
    bob = await factories.user(conn)

    assert (await sign_up(client)).status_code == 202
    problem(await sign_up(client, email=bob.email), 409, "email_taken")
    response = await complete(client, token=(await mailed(conn))["token"])

    assert response.status_code == 201, response.text


async def test_signing_up_at_once_mails_a_link_that_verifies(
    client: AsyncClient, conn: Connection
) -> None:
    response = await sign_up(client, password=PASSWORD)

    assert response.json()["user"]["email_verified_at"] is None
    (message,) = await mail.messages(conn, to=EMAIL)
    assert message.template is Template.VERIFY_EMAIL


async def test_where_no_mail_can_be_sent_a_private_service_takes_nobody(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(environment=Environment.PRODUCTION)

    for password in (None, PASSWORD):
        problem(await sign_up(client, password=password), 403, "signup_disabled")

    assert await mail.messages(conn) == []


async def test_an_open_service_without_mail_takes_those_with_a_password(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(
        environment=Environment.PRODUCTION, authentication=AuthenticationSettings(signup="open")
    )

    problem(await sign_up(client), 403, "signup_disabled")
    assert (await sign_up(client, password=PASSWORD)).status_code == 201

    assert await mail.messages(conn) == []


@pytest.fixture
async def afar(make_app: MakeApp) -> AsyncIterator[AsyncClient]:
    """A client that does not call from this machine, which is spared."""
    transport = ASGITransport(app=make_app(authentication=PRIVATE), client=("203.0.113.7", 1))
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


async def test_eleven_sign_ups_an_hour_from_one_address_are_too_many(afar: AsyncClient) -> None:

    for number in range(10):
        response = await sign_up(afar, email=f"user{number}@example.net")
        assert response.status_code == 202, response.text

    refused = await sign_up(afar, email="one.more@example.net")
    problem(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_mail_a_minute_is_all_that_an_address_gets_and_the_first_link_lives(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(authentication=PRIVATE)
    bob = await factories.user(conn)

    answers = [await sign_up(client, email=each) for each in (EMAIL, EMAIL, bob.email, bob.email)]

    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    assert [one.to for one in await mail.messages(conn)] == [EMAIL, bob.email]
    assert (await complete(client, token=(await mailed(conn))["token"])).status_code == 201


async def test_guessing_codes_is_counted_as_signing_up(afar: AsyncClient) -> None:
    for _ in range(10):
        problem(await complete(afar, email=EMAIL, code="123456"), 400, "invalid_code")
    problem(await complete(afar, email=EMAIL, code="123456"), 429, "rate_limited")
