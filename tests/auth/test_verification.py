from collections.abc import Mapping

import pytest
from httpx2 import AsyncClient

from src.constants import Environment
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, mistakes, problem

ASK = "/v1/auth/email/verification"
VERIFY = "/v1/auth/email/verify"


async def ask(client: AsyncClient, user: factories.User) -> None:
    assert (await client.post(ASK, json={"email": user.email})).status_code == 202


async def mailed(conn: Connection, user: factories.User) -> Mapping[str, str]:
    params = (await mail.last(conn, to=user.email, template=Template.VERIFY_EMAIL)).params
    return {"token": params["link"].partition("token=")[2], "code": params["code"]}


async def is_verified(execute: Execute) -> bool:
    ((verified,),) = await execute("SELECT email_verified_at IS NOT NULL FROM account")
    return bool(verified)


async def test_the_link_verifies_and_may_be_used_again(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    body = {"token": (await mailed(conn, ann))["token"]}

    for _ in range(2):
        response = await client.post(VERIFY, json=body)
        assert response.status_code == 204, response.text
    assert await is_verified(execute)
    assert await execute("SELECT action FROM audit_event") == [("user.email_verified",)]
    await execute("UPDATE one_time_token SET expires_at = now()")
    problem(await client.post(VERIFY, json=body), 400, "invalid_token")


async def test_the_code_verifies_with_its_address(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await ask(client, ann)
    code = (await mailed(conn, ann))["code"]

    problem(await client.post(VERIFY, json={"email": bob.email, "code": code}), 400, "invalid_code")
    response = await client.post(VERIFY, json={"email": ann.email.upper(), "code": code})

    assert response.status_code == 204, response.text
    rows = await execute("SELECT email FROM account WHERE email_verified_at IS NOT NULL")
    assert rows == [(ann.email,)]


async def test_five_wrong_codes_and_the_right_one_is_dead(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    code = (await mailed(conn, ann))["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    for attempt in (*[wrong] * 5, code):
        response = await client.post(VERIFY, json={"email": ann.email, "code": attempt})
        problem(response, 400, "invalid_code")

    assert not await is_verified(execute)


async def test_one_may_ask_for_oneself(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.post(ASK, headers=acting_as(ann))

    assert (response.status_code, response.json()) == (202, {"status": "check_email"})

    assert [one.to for one in await mail.messages(conn)] == [ann.email]
    problem(await client.post(ASK), 401, "not_authenticated")


async def test_nothing_is_sent_to_nobody_nor_to_who_is_verified(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("UPDATE account SET email_verified_at = now()")

    answers = [
        await client.post(ASK, json={"email": email}) for email in (ann.email, "bob@example.org")
    ]

    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    assert await mail.messages(conn) == []


async def test_asking_again_kills_the_link_before(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    first = await mailed(conn, ann)
    await execute("DELETE FROM rate_limit")
    await ask(client, ann)

    problem(await client.post(VERIFY, json={"token": first["token"]}), 400, "invalid_token")


async def test_within_a_minute_nothing_more_is_sent_and_the_first_link_lives(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    for _ in range(3):
        await ask(client, ann)

    (sent,) = await mail.messages(conn, to=ann.email)
    token = sent.params["link"].partition("token=")[2]
    assert (await client.post(VERIFY, json={"token": token})).status_code == 204


async def test_on_a_developers_machine_each_mail_that_is_asked_for_comes(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(environment=Environment.LOCAL)
    ann = await factories.user(conn)
    for _ in range(7):
        await ask(client, ann)

    assert len(await mail.messages(conn, to=ann.email)) == 7


async def test_a_mail_that_is_withheld_leaves_a_line_in_the_log(
    client: AsyncClient, conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await factories.user(conn)
    with caplog.at_level("INFO", "core_api.limits"):
        await ask(client, ann)
        assert "mail withheld" not in caplog.text
        await ask(client, ann)

    assert "mail withheld" in caplog.text
    assert ann.email not in caplog.text


async def test_a_link_of_yesterday_has_expired(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    await execute("UPDATE one_time_token SET expires_at = now()")

    body = {"token": (await mailed(conn, ann))["token"]}
    problem(await client.post(VERIFY, json=body), 400, "expired_token")
    assert not await is_verified(execute)


async def test_a_link_to_an_address_that_was_given_up_verifies_nothing(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    await execute("UPDATE account SET email = 'other@example.org'")

    body = {"token": (await mailed(conn, ann))["token"]}
    problem(await client.post(VERIFY, json=body), 400, "invalid_token")
    assert not await is_verified(execute)


async def test_opening_the_link_shows_a_page_and_uses_nothing_up(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    token = (await mailed(conn, ann))["token"]
    before = await execute("SELECT one_time_token::text FROM one_time_token")

    for _ in range(3):
        response = await client.get(f"{VERIFY}?token={token}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "<button>" in response.text
        assert token not in response.text

    assert await execute("SELECT one_time_token::text FROM one_time_token") == before
    assert not await is_verified(execute)


async def test_a_program_is_told_as_json(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await ask(client, ann)
    url = f"{VERIFY}?token={(await mailed(conn, ann))['token']}"
    as_json = {"Accept": "application/json"}

    shown = await client.get(url, headers=as_json)

    assert shown.status_code == 200, shown.text
    assert shown.json()["email_hint"] == "u***@example.org"
    problem(await client.get(f"{url}x", headers=as_json), 400, "invalid_token")
    await execute("UPDATE one_time_token SET expires_at = now()")
    problem(await client.get(url, headers=as_json), 400, "expired_token")


PAGES = [VERIFY, "/v1/auth/signup/complete", "/v1/users/me/email/confirm", "/v1/auth/email/undo"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_nothing_from_elsewhere_and_takes_nothing_from_its_address(
    client: AsyncClient, path: str
) -> None:
    attack = '"><script>alert(1)</script>'

    response = await client.get(path, params={"token": attack})

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "alert(1)" not in response.text
    assert "http" not in response.text
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body", [{}, {"email": "ann@example.org"}, {"code": "123456"}, {"token": "x", "code": "123456"}]
)
async def test_a_token_or_a_code_with_its_address_is_asked_for(
    client: AsyncClient, body: dict[str, str]
) -> None:
    assert mistakes(await client.post(VERIFY, json=body)) == {("", "token_or_code")}
