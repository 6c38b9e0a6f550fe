import pytest
from httpx2 import AsyncClient, Response

from src.auth import passwords
from src.auth.constants import PASSWORD_MAX, PASSWORD_MIN
from src.config import AuthenticationSettings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import bearer, mistakes, problem

PASSWORD = factories.PASSWORD


async def sign_up(client: AsyncClient, **fields: object) -> Response:
    body = {"email": "ann@example.org", "password": PASSWORD, **fields}
    return await client.post("/v1/auth/signup", json=body)


async def test_signing_up_makes_an_account_and_signs_it_in(client: AsyncClient) -> None:
    response = await sign_up(client, username="ann", given_name=" Ann ", locale="de-AT")

    assert response.status_code == 201, response.text
    assert response.headers["location"] == "/v1/users/me"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["csrf_token"] is None
    assert body["tokens"]["token_type"] == "Bearer"
    assert 540 < body["tokens"]["expires_in"] <= 600
    me = await client.get("/v1/users/me", headers=bearer(body["tokens"]["access_token"]))
    assert me.status_code == 200
    assert me.json() == body["user"]
    user = body["user"]
    assert (
        user["email"],
        user["username"],
        user["given_name"],
        user["locale"],
        user["status"],
    ) == (
        "ann@example.org",
        "ann",
        "Ann",
        "de-AT",
        "active",
    )
    assert user["email_verified_at"] is None


async def test_signing_up_writes_the_trail(client: AsyncClient, execute: Execute) -> None:
    user = (await sign_up(client)).json()["user"]

    rows = await execute(
        "SELECT actor_id::text, object_id::text, detail FROM audit_event"
        " WHERE action = 'user.signed_up'"
    )

    assert rows == [(user["id"], user["id"], {})]


async def test_the_password_is_kept_as_argon2id_alone(
    client: AsyncClient, execute: Execute
) -> None:
    await sign_up(client)

    ((kept,),) = await execute("SELECT hash FROM password")

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in kept


async def test_where_signing_up_is_disabled_nobody_can(
    make_client: MakeClient, execute: Execute
) -> None:
    client = await make_client(authentication=AuthenticationSettings(signup="disabled"))

    problem(await sign_up(client), 403, "signup_disabled")
    problem(
        await client.post("/v1/auth/signup", json={"email": "a@example.org"}),
        403,
        "signup_disabled",
    )

    assert await execute("SELECT 1 FROM account") == []
    assert await execute("SELECT 1 FROM one_time_token") == []


@pytest.mark.parametrize(
    ("taken", "again"),
    [
        ("ann@example.org", "ann@example.org"),
        ("ann@example.org", "ANN@Example.ORG"),
        ("ann@example.org", "  ann@example.org "),
        ("straße@example.org", "STRASSE@example.org"),
        ("e\u0301va@example.org", "\u00c9va@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ],
)
async def test_an_email_belongs_to_one_account_however_it_is_written(
    client: AsyncClient, conn: Connection, taken: str, again: str
) -> None:
    first = await sign_up(client, email=taken)
    assert first.status_code == 201, first.text

    problem(await sign_up(client, email=again), 409, "email_taken")


async def test_a_username_belongs_to_one_account_however_it_is_written(
    client: AsyncClient,
) -> None:
    await sign_up(client, username="Ann.B")

    response = await sign_up(client, email="bob@example.org", username="aNN.b")

    problem(response, 409, "username_taken")


async def test_accounts_without_username_do_not_collide(client: AsyncClient) -> None:
    await sign_up(client)

    assert (await sign_up(client, email="bob@example.org")).status_code == 201


async def test_a_refused_signup_leaves_nothing(client: AsyncClient, execute: Execute) -> None:
    await sign_up(client, username="ann")

    await sign_up(client, email="bob@example.org", username="ann")

    assert await execute("SELECT email FROM account") == [("ann@example.org",)]
    assert len(await execute("SELECT 1 FROM password")) == 1
    assert len(await execute("SELECT 1 FROM session")) == 1


PHRASE = "quiet herons wade along"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("w7#kqz!pX2v@Lm", "password_too_short"),
        ("", "password_too_short"),
        ("elf owl calls e\u0301"[-15:], "password_too_short"),
        ("ab cd ef gh ij " * 17 + "yz", "password_too_long"),
        ("\U0001f426" * 256 + "x", "password_too_long"),
        ("my name is ann.baker, so", "password_contains_context"),
        ("ANN.BAKER for president!", "password_contains_context"),
        ("known to all as birdwatcher", "password_contains_context"),
        ("the Bakersfield express", "password_contains_context"),
        ("passwordpassword", "password_breached"),
        ("111111111111111", "password_breached"),
    ],
)
async def test_a_bad_password_is_refused_by_its_first_fault(
    client: AsyncClient, password: str, code: str
) -> None:
    response = await sign_up(
        client,
        email="ann.baker@example.org",
        username="birdwatcher",
        family_name="Bakersfield",
        password=password,
    )

    assert mistakes(response) == {("/password", code)}


@pytest.mark.parametrize(
    "password",
    [
        (PHRASE * 2)[:PASSWORD_MIN],
        (PHRASE * 20)[:PASSWORD_MAX],
        "    spaces at both ends    ",
        "пароль на русском языке",
        "\U0001f426 \U0001f427 \U0001f986 \U0001f989 \U0001f99a \U0001f9a2 \U0001f9a9 \U0001f99c",
        "no digit, no sign, no capital",
    ],
)
async def test_length_is_all_that_a_password_needs(client: AsyncClient, password: str) -> None:
    assert (await sign_up(client, password=password)).status_code == 201

    body = {"identifier": "ann@example.org", "password": password}
    assert (await client.post("/v1/auth/login", json=body)).status_code == 200
    body["password"] = password[:-1]
    problem(await client.post("/v1/auth/login", json=body), 401, "invalid_credentials")


async def test_a_password_may_be_typed_on_another_keyboard(client: AsyncClient) -> None:
    await sign_up(client, password="caf\u00e9 au lait, ﬁrst thing")

    body = {"identifier": "ann@example.org", "password": "cafe\u0301 au lait, first thing"}
    assert (await client.post("/v1/auth/login", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"is_admin": True}, ("/is_admin", "unknown_field")),
        ({"status": "active"}, ("/status", "unknown_field")),
        ({"email": "ann"}, ("/email", "invalid_email")),
        ({"email": "ann@"}, ("/email", "invalid_email")),
        ({"email": "ann@example.org\nBcc: x@example.org"}, ("/email", "invalid_email")),
        ({"email": "x" * 255}, ("/email", "too_long")),
        ({"email": None}, ("/email", "wrong_type")),
        ({"username": "ab"}, ("/username", "too_short")),
        ({"username": "a" * 41}, ("/username", "too_long")),
        ({"username": "ann@home"}, ("/username", "wrong_format")),
        ({"username": "ann\n"}, ("/username", "wrong_format")),
        ({"given_name": "A\u202enn"}, ("/given_name", "invalid_characters")),
        ({"family_name": "x" * 101}, ("/family_name", "too_long")),
        ({"locale": "english"}, ("/locale", "wrong_format")),
        ({"token_transport": "pigeon"}, ("/token_transport", "unknown_choice")),
    ],
)
async def test_a_field_that_does_not_fit_is_named(
    client: AsyncClient, fields: dict[str, object], expected: tuple[str, str]
) -> None:
    assert expected in mistakes(await sign_up(client, **fields))


async def test_every_mistake_is_named_at_once(client: AsyncClient) -> None:
    response = await client.post("/v1/auth/signup", json={"email": 1, "spam": 2})

    assert {pointer for pointer, _ in mistakes(response)} == {"/email", "/spam"}


async def test_a_problem_does_not_repeat_what_was_sent(client: AsyncClient) -> None:
    secret = "w7#kqz!pX2v@L"

    response = await sign_up(client, password=secret, username="no such name!")

    assert secret not in response.text
    assert "no such name!" not in response.text


@pytest.mark.parametrize(
    "password",
    ["abcdefghijklmnop", "ponmlkjihgfedcba", "aaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabc"],
)
def test_a_run_or_a_repetition_is_breached(password: str) -> None:
    (mistake,) = passwords.mistakes(password, context=[])

    assert mistake.code == "password_breached"
