"""A forgotten password: the mail, and the new password by it."""

import base64
import hashlib
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, Response

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import LimitSettings, PageSettings, RateSettings
from src.database import Connection, Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.conftest import Work
from tests.auth.mfa.securing import code_of, second_step, secure
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, bearer, mistakes, problem

URL = "/v1/auth/password/reset"
NEW = "eleven owls upon a mossy roof"


async def recover(client: AsyncClient, email: str) -> Response:
    return await client.post("/v1/auth/password/recovery", json={"email": email})


async def asked(client: AsyncClient, conn: Connection, work: Work, email: str) -> dict[str, str]:
    """What the mail says to somebody who has asked for one."""
    response = await recover(client, email)
    assert response.status_code == 202, response.text
    await work()
    return (await mail.last(conn, to=email, template=Template.RESET_PASSWORD)).params


def token_of(params: dict[str, str]) -> str:
    return parse_qs(urlsplit(params["link"]).query)["token"][0]


async def reset(client: AsyncClient, **body: object) -> Response:
    return await client.post(URL, json={"password": NEW, **body})


async def log_in(client: AsyncClient, email: str, password: str = NEW) -> Response:
    return await client.post("/v1/auth/login", json={"identifier": email, "password": password})


async def test_the_mails_link_sets_a_new_password(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)

    response = await reset(client, token=token_of(params))

    assert (response.status_code, response.content) == (204, b"")
    problem(await log_in(client, ann.email, factories.PASSWORD), 401, "invalid_credentials")
    assert (await log_in(client, ann.email)).status_code == 200


async def test_its_code_does_the_same_with_the_address(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn, email="ann@example.org")
    params = await asked(client, conn, work, ann.email)

    response = await reset(client, email="ANN@Example.org", code=params["code"])

    assert response.status_code == 204, response.text
    assert (await log_in(client, ann.email)).status_code == 200


async def test_a_code_fits_its_own_address_alone(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    params = await asked(client, conn, work, ann.email)
    await asked(client, conn, work, bob.email)

    problem(await reset(client, email=bob.email, code=params["code"]), 400, "invalid_code")


async def test_all_sessions_end_and_so_does_all_that_was_mailed(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await execute("UPDATE account SET email_verified_at = now()")
    for purpose in Purpose:
        await onetime_service.issue(
            conn, b"key", purpose=purpose, target=str(ann.id), user_id=ann.id
        )
    params = await asked(client, conn, work, ann.email)

    assert (await reset(client, token=token_of(params))).status_code == 204

    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    assert (await client.get("/v1/users/me", headers=acting_as(bob))).status_code == 200
    left = {purpose for (purpose,) in await execute("SELECT purpose FROM one_time_token")}
    assert left == set(Purpose) - {"reset_password", "magic_link", "sso_login", "mfa"}


async def test_the_owner_is_told_and_it_is_written_down(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)

    await reset(client, token=token_of(params))

    told = await mail.last(conn, to=ann.email, template=Template.SECURITY_NOTICE)
    assert told.params == {"event": "password_reset"}
    rows = await execute("SELECT action, actor_id FROM audit_event ORDER BY action")
    assert rows == [("password.reset", ann.id), ("session.revoked", ann.id)]


async def test_who_resets_has_proved_the_mailbox(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("UPDATE account SET status = 'pending', email_verified_at = NULL")
    params = await asked(client, conn, work, ann.email)

    await reset(client, token=token_of(params))

    ((status, is_verified),) = await execute(
        "SELECT status, email_verified_at IS NOT NULL FROM account"
    )
    assert (status, is_verified) == ("active", True)


@pytest.mark.parametrize(
    ("verified_at", "answer"), [("now()", 200), ("NULL", 401)], ids=["the owner's", "a squatter's"]
)
async def test_keys_stay_but_for_those_from_before_the_mailbox_was_proved(
    client: AsyncClient,
    conn: Transaction,
    work: Work,
    execute: Execute,
    verified_at: str,
    answer: int,
) -> None:
    ann = await factories.user(conn)
    await execute(f"UPDATE account SET email_verified_at = {verified_at}")
    key = bearer(await factories.api_key(conn, ann))
    params = await asked(client, conn, work, ann.email)

    await reset(client, token=token_of(params))

    assert (await client.get("/v1/users/me", headers=key)).status_code == answer


async def test_a_token_works_once(client: AsyncClient, conn: Connection, work: Work) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)

    assert (await reset(client, token=token_of(params))).status_code == 204
    problem(await reset(client, token=token_of(params)), 400, "invalid_token")
    problem(await reset(client, email=ann.email, code=params["code"]), 400, "invalid_code")


async def test_a_token_dies_after_half_an_hour(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)
    ((lifetime,),) = await execute("SELECT expires_at - created_at FROM one_time_token")

    await execute("UPDATE one_time_token SET expires_at = now()")

    assert lifetime == timedelta(minutes=30)
    problem(await reset(client, token=token_of(params)), 400, "expired_token")


async def test_a_bad_password_leaves_the_token_usable(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn, username="annabella")
    params = await asked(client, conn, work, ann.email)
    token = token_of(params)

    for password, code in [
        ("short", "password_too_short"),
        ("passwordpassword", "password_breached"),
        ("annabella goes down town", "password_contains_context"),
    ]:
        for proof in ({"token": token}, {"email": ann.email, "code": params["code"]}):
            response = await reset(client, **proof, password=password)
            assert mistakes(response) == {("/password", code)}

    assert (await reset(client, token=token)).status_code == 204


def detail_of(response: Response) -> str:
    (mistake,) = problem(response, 422, "validation_failed")["errors"]
    return str(mistake["detail"])


async def test_who_has_a_token_is_told_how_long_their_password_must_be(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute
) -> None:
    ann, bob = (await secure(conn)).user, await factories.user(conn)
    await execute("UPDATE account SET email_verified_at = now()")
    for user, minimum in (ann, 8), (bob, 15):
        params = await asked(client, conn, work, user.email)
        response = await reset(client, token=token_of(params), password="owls9by"[: minimum - 1])

        assert detail_of(response) == f"Use at least {minimum} characters."
        page = await client.get(params["link"])
        assert f"It has {minimum} characters or more" in page.text
        assert f'minlength="{minimum}"' in page.text
        assert (await reset(client, token=token_of(params))).status_code == 204
        assert "It has 15 characters or more" in (await client.get(params["link"])).text


async def test_who_has_shown_nothing_yet_is_told_both_numbers(
    client: AsyncClient, conn: Transaction, work: Work
) -> None:
    ann, bob = (await secure(conn)).user, await factories.user(conn)
    told = set()
    for user in (ann, bob):
        await asked(client, conn, work, user.email)
        response = await reset(client, email=user.email, code="000000", password="owls9by")
        told.add(detail_of(response))

    assert told == {"Use at least 15 characters; beside a second factor, 8 are enough."}
    assert "It has 15 characters or more" in (await client.get(f"{URL}?token=core_once_x")).text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ann@example.org"},
        {"token": "x", "code": "123456"},
        {"token": "x", "email": "ann@example.org", "code": "123456"},
        {"token": None, "email": None, "code": None},
    ],
)
async def test_there_is_a_token_or_a_code_and_not_both(
    client: AsyncClient, body: dict[str, str]
) -> None:
    assert mistakes(await reset(client, **body)) == {("", "token_or_code")}


async def test_a_token_of_an_address_that_was_given_up_is_dead(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)
    await execute("UPDATE account SET email = 'other@example.org' WHERE id = %(id)s", id=ann.id)

    problem(await reset(client, token=token_of(params)), 400, "invalid_token")
    problem(await reset(client, email=ann.email, code=params["code"]), 400, "invalid_token")


async def test_a_disabled_account_cannot_be_recovered(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)
    await execute("UPDATE account SET status = 'disabled'")

    problem(await reset(client, token=token_of(params)), 400, "invalid_token")


async def test_unknown_and_disabled_addresses_get_the_answer_and_no_mail(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await execute("UPDATE account SET status = 'disabled' WHERE id = %(id)s", id=bob.id)

    answers = [
        await recover(client, email) for email in (ann.email, bob.email, "nobody@example.org")
    ]
    jobs = await work()

    for response in answers:
        assert (response.status_code, response.json()) == (202, {"status": "check_email"})
        assert response.headers.keys() == answers[0].headers.keys()
    assert jobs == 3
    assert [message.to for message in await mail.messages(conn)] == [ann.email]


async def test_who_signs_in_otherwise_is_told_how(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    """Whoever has no way at all to sign in gets the link."""
    ann = await factories.user(conn)
    await execute("DELETE FROM password")

    params = await asked(client, conn, work, ann.email)

    assert (await reset(client, token=token_of(params))).status_code == 204
    assert (await log_in(client, ann.email)).status_code == 200


async def test_asking_again_kills_the_mail_before(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    first = await asked(client, conn, work, ann.email)
    await execute("DELETE FROM rate_limit")
    second = await asked(client, conn, work, ann.email)

    problem(await reset(client, token=token_of(first)), 400, "invalid_token")
    assert (await reset(client, token=token_of(second))).status_code == 204


async def test_a_second_mail_within_a_minute_is_not_sent_and_leaves_the_first_alive(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)

    response = await recover(client, ann.email)

    assert (response.status_code, response.json()) == (202, {"status": "check_email"})
    assert await work() == 0
    assert (await reset(client, token=token_of(params))).status_code == 204


async def test_a_job_that_comes_too_late_sends_nothing(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await recover(client, ann.email)
    await execute("UPDATE one_time_token SET expires_at = now()")

    assert await work() == 1
    assert await mail.messages(conn) == []


async def test_after_five_tries_the_code_is_dead_for_known_and_unknown_alike(
    client: AsyncClient, conn: Connection, work: Work, execute: Execute
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)
    await recover(client, "nobody@example.org")
    await work()
    wrong = f"{(int(params['code']) + 1) % 1_000_000:06d}"

    for email in (ann.email, "nobody@example.org"):
        for _ in range(5):
            problem(await reset(client, email=email, code=wrong), 400, "invalid_code")

    problem(await reset(client, email=ann.email, code=params["code"]), 400, "invalid_code")
    rows = await execute("SELECT attempts FROM one_time_token")
    assert rows == [(5,), (5,)]


async def test_the_link_leads_to_the_operators_own_page_if_there_is_one(
    make_client: MakeClient, conn: Connection, work: Work
) -> None:
    pages = PageSettings(reset_password="https://app.example.org/reset")
    client = await make_client(pages=pages, public_url="https://core.example.org")
    ann = await factories.user(conn)

    params = await asked(client, conn, work, ann.email)

    assert params["link"].startswith("https://app.example.org/reset?token=core_once_")


async def test_else_it_leads_to_ours_at_the_public_address(
    make_client: MakeClient, conn: Connection, work: Work
) -> None:
    client = await make_client(public_url="https://core.example.org")
    ann = await factories.user(conn)

    params = await asked(client, conn, work, ann.email)

    assert params["link"].startswith("https://core.example.org/v1/auth/password/reset?token=")


async def test_a_name_in_a_request_is_never_mailed_where_it_counts(
    make_client: MakeClient, conn: Connection, work: Work
) -> None:
    """The sender of a request chooses its Host: mails to others must not lead there."""
    client = await make_client(environment="production", base_url="https://evil.example")
    ann = await factories.user(conn)

    response = await recover(client, ann.email)

    assert (response.status_code, response.json()) == (202, {"status": "check_email"})
    assert await work() == 0
    assert await mail.messages(conn) == []


async def test_opening_the_page_spends_nothing(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    params = await asked(client, conn, work, ann.email)

    for method in ("GET", "HEAD", "GET"):
        response = await client.request(method, params["link"])
        assert response.status_code == 200

    assert (await reset(client, token=token_of(params))).status_code == 204


@pytest.mark.parametrize("path", [URL, "/v1/auth/login/link/redeem"])
async def test_the_page_runs_its_own_script_and_nothing_else(
    client: AsyncClient, path: str
) -> None:
    response = await client.get(path, params={"token": "core_once_<script>alert(1)</script>"})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
    )
    for kind, tag in [("script-src", "script"), ("style-src", "style")]:
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[kind] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == "'none'"
    # Nothing of the request is on it, and it fetches nothing from anywhere.
    assert "alert(1)" not in response.text
    assert not re.search(r"(src|href)=|https?://|\son[a-z]+=", response.text)


async def test_a_password_that_was_guessed_at_too_often_counts_again(
    make_client: MakeClient, conn: Connection, work: Work
) -> None:
    rates = RateSettings(login_failures_in_a_row=2)
    client = await make_client(limits=LimitSettings(rates=rates))
    ann = await factories.user(conn)
    for _ in range(3):
        problem(await log_in(client, ann.email, "not it at all"), 401, "invalid_credentials")
    problem(await log_in(client, ann.email, ann.password), 401, "invalid_credentials")
    params = await asked(client, conn, work, ann.email)

    await reset(client, token=token_of(params))

    assert (await log_in(client, ann.email)).status_code == 200


async def test_a_reset_signs_nobody_in_past_the_second_factor(
    client: AsyncClient, conn: Transaction, work: Work, execute: Execute
) -> None:
    """OWASP ASVS 6.4.3."""
    ann = await secure(conn)
    await execute("UPDATE account SET email_verified_at = now()")
    params = await asked(client, conn, work, ann.user.email)

    response = await reset(client, token=token_of(params))

    assert (response.status_code, response.content) == (204, b"")
    assert "set-cookie" not in response.headers
    signed = (await log_in(client, ann.user.email)).json()
    assert signed.keys() == {"mfa"}
    # Nor is the factor gone, or another one.
    last = await second_step(client, signed["mfa"]["ticket"], code_of(ann.seed))
    assert last.json()["tokens"]["access_token"]
