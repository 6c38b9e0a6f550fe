"""Signing in by two steps."""

import base64
import json

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.auth.constants import Transport
from src.auth.onetime.constants import Purpose
from src.database import Transaction
from src.limits import service as limits_service
from src.limits.constants import Rule
from tests import factories
from tests.auth.mfa.securing import (
    code_of,
    second_step,
    secure,
    ticket,
    use_no_step,
    wrong_code,
)
from tests.conftest import Execute
from tests.http import BASE_URL, bearer, problem, without_ids


def claims(access_token: str) -> dict[str, object]:
    payload = access_token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


async def test_with_a_second_factor_the_password_gets_a_ticket_and_no_session(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = (await secure(conn)).user
    before = await execute("SELECT id FROM session")

    response = await client.post(
        "/v1/auth/login", json={"identifier": ann.email, "password": ann.password}
    )

    assert response.status_code == 200, response.text
    assert response.json().keys() == {"mfa"}
    challenge = response.json()["mfa"]
    assert challenge.keys() == {"ticket", "methods", "expires_at"}
    assert challenge["methods"] == ["totp", "recovery_code"]
    assert challenge["ticket"].startswith("core_once_")
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert await execute("SELECT id FROM session") == before
    ((seconds,),) = await execute(
        "SELECT extract(epoch FROM expires_at - created_at)::int FROM one_time_token"
    )
    assert seconds == 300


async def test_a_seed_that_nobody_confirmed_is_not_asked_for(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = (await secure(conn)).user
    await execute("UPDATE totp SET confirmed_at = NULL")

    response = await client.post(
        "/v1/auth/login", json={"identifier": ann.email, "password": ann.password}
    )

    assert response.json().keys() == {"user", "tokens", "csrf_token"}


async def test_the_second_step_signs_in(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)

    response = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed))

    assert response.status_code == 200, response.text
    assert response.json()["user"]["id"] == str(ann.user.id)
    token = response.json()["tokens"]["access_token"]
    said = claims(token)
    assert (said["amr"], said["acr"]) == (["pwd", "otp", "mfa"], "aal2")
    shown = (await client.get("/v1/auth/session", headers=bearer(token))).json()
    assert (shown["aal"], shown["session"]["aal"]) == ("aal2", "aal2")
    assert shown["session"]["auth_methods"] == ["pwd", "otp", "mfa"]
    assert shown["auth_time"] == shown["session"]["authenticated_at"]


async def test_a_refreshed_token_says_the_same_of_the_second_factor(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await secure(conn)
    signed_in = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed))
    refresh_token = signed_in.json()["tokens"]["refresh_token"]

    response = await client.post("/v1/auth/token/refresh", json={"refresh_token": refresh_token})

    assert claims(response.json()["tokens"]["access_token"])["acr"] == "aal2"


async def test_a_password_alone_is_one_factor(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)

    assert claims(ann.access_token)["acr"] == "aal1"
    shown = (await client.get("/v1/auth/session", headers=bearer(ann.access_token))).json()
    assert (shown["aal"], shown["session"]["aal"]) == ("aal1", "aal1")


async def test_a_ticket_signs_in_once(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)

    assert (await second_step(client, sent, code_of(ann.seed))).status_code == 200
    await use_no_step(conn, user_id=ann.user.id)

    problem(await second_step(client, sent, code_of(ann.seed)), 401, "invalid_mfa_code")


async def test_a_code_signs_in_once(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)
    code = code_of(ann.seed)

    assert (await second_step(client, await ticket(conn, ann.user), code)).status_code == 200
    again = await second_step(client, await ticket(conn, ann.user), code)
    later = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed, step=1))
    # The clock of a phone that is behind does not bring an old code back.
    before = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed, step=0))

    problem(again, 401, "invalid_mfa_code")
    assert later.status_code == 200
    problem(before, 401, "invalid_mfa_code")


async def test_a_ticket_is_dead_after_five_tries(
    client: AsyncClient, conn: Transaction, app: FastAPI
) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)

    for _ in range(5):
        problem(await second_step(client, sent, wrong_code(ann.seed)), 401, "invalid_mfa_code")
    await limits_service.forgive(app.state.pools, Rule.MFA_ACCOUNT, ann.user.id)

    problem(await second_step(client, sent, code_of(ann.seed)), 401, "invalid_mfa_code")
    other = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed))
    assert other.status_code == 200


async def test_a_ticket_is_dead_after_five_minutes(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)
    await execute("UPDATE one_time_token SET expires_at = now()")

    problem(await second_step(client, sent, code_of(ann.seed)), 401, "invalid_mfa_code")


async def test_an_account_takes_five_wrong_codes_in_a_quarter_of_an_hour(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await secure(conn), await secure(conn)
    for _ in range(5):
        # New tickets do not help: whoever has the password gets as many as they like.
        await second_step(client, await ticket(conn, ann.user), wrong_code(ann.seed))

    refused = await second_step(client, await ticket(conn, ann.user), code_of(ann.seed))
    recovery = await second_step(
        client, await ticket(conn, ann.user), ann.recovery_codes[0], method="recovery_code"
    )
    others = await second_step(client, await ticket(conn, bob.user), code_of(bob.seed))

    problem(refused, 401, "invalid_mfa_code")
    problem(recovery, 401, "invalid_mfa_code")
    assert others.status_code == 200
    # Wrong passwords are counted apart: the first step is not slowed down by it.
    first = {"identifier": ann.user.email, "password": ann.user.password}
    assert (await client.post("/v1/auth/login", json=first)).json().keys() == {"mfa"}


async def test_a_right_code_forgets_the_wrong_ones(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)

    for step in (0, 1):
        for _ in range(4):
            await second_step(client, await ticket(conn, ann.user), wrong_code(ann.seed))
        code = code_of(ann.seed, step=step)
        right = await second_step(client, await ticket(conn, ann.user), code)
        assert right.status_code == 200, right.text


async def test_wrong_codes_leave_a_trail(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)
    await second_step(client, await ticket(conn, ann.user), wrong_code(ann.seed))

    assert await execute(
        "SELECT actor_id, detail FROM audit_event WHERE action = 'user.second_factor_refused'"
    ) == [(ann.user.id, {"method": "totp"})]


async def test_a_wrong_code_and_a_dead_ticket_get_one_answer(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await secure(conn)
    wrong = await second_step(client, await ticket(conn, ann.user), wrong_code(ann.seed))
    unknown = await second_step(client, "core_once_unknown", code_of(ann.seed))

    assert without_ids(problem(wrong, 401, "invalid_mfa_code")) == without_ids(
        problem(unknown, 401, "invalid_mfa_code")
    )


async def test_a_code_of_somebody_else_is_wrong(client: AsyncClient, conn: Transaction) -> None:
    ann, bob = await secure(conn), await secure(conn)

    for code, method in ((code_of(bob.seed), "totp"), (bob.recovery_codes[0], "recovery_code")):
        sent = await ticket(conn, ann.user)
        problem(await second_step(client, sent, code, method=method), 401, "invalid_mfa_code")


async def test_who_has_no_second_factor_cannot_show_one(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), await secure(conn)

    for method in ("totp", "recovery_code"):
        sent = await ticket(conn, ann)
        response = await second_step(client, sent, code_of(bob.seed), method=method)
        problem(response, 401, "invalid_mfa_code")


async def test_a_seed_that_was_moved_to_another_account_does_not_open(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await secure(conn), await secure(conn)
    await execute(
        "UPDATE totp SET secret = (SELECT secret FROM totp WHERE account_id = %(bob)s)"
        " WHERE account_id = %(ann)s",
        ann=ann.user.id,
        bob=bob.user.id,
    )

    response = await second_step(client, await ticket(conn, ann.user), code_of(bob.seed))

    problem(response, 401, "invalid_mfa_code")


async def test_neither_seed_nor_recovery_code_stands_in_the_database(
    conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)

    ((secret,),) = await execute("SELECT secret FROM totp")
    hashes = await execute("SELECT code_hash FROM recovery_code")

    assert ann.seed.encode() not in secret
    assert {len(kept) for (kept,) in hashes} == {32}


async def test_a_ticket_is_refused_as_any_other_token(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)

    problem(await client.get("/v1/users/me", headers=bearer(sent)), 401, "invalid_token")
    refreshed = await client.post("/v1/auth/token/refresh", json={"refresh_token": sent})
    problem(refreshed, 401, "refresh_invalid")


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.MFA])
async def test_no_other_token_is_a_ticket(
    client: AsyncClient, conn: Transaction, execute: Execute, purpose: Purpose
) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)
    await execute("UPDATE one_time_token SET purpose = %(purpose)s", purpose=purpose)

    problem(await second_step(client, sent, code_of(ann.seed)), 401, "invalid_mfa_code")


async def test_an_access_token_is_no_ticket(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)

    for sent in (ann.user.refresh_token, ann.recovery_codes[0]):
        problem(await second_step(client, sent, code_of(ann.seed)), 401, "invalid_mfa_code")


async def test_the_tokens_travel_as_the_first_step_asked(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user, transport=Transport.COOKIE)

    foreign = await client.post(
        "/v1/auth/login/mfa",
        json={"ticket": sent, "method": "totp", "code": code_of(ann.seed)},
        headers={"Origin": "https://evil.example"},
    )
    own = await client.post(
        "/v1/auth/login/mfa",
        json={"ticket": sent, "method": "totp", "code": code_of(ann.seed)},
        headers={"Origin": BASE_URL},
    )

    problem(foreign, 403, "csrf_failed")
    assert own.status_code == 200, own.text
    assert own.json()["tokens"] is None
    assert own.json()["csrf_token"]
    assert "core_at" in own.cookies
