"""Signing in by passkey: alone, as a second factor, and to prove again who is there."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Response

from src.auth.constants import Transport
from src.database import Pools, Transaction
from tests import factories
from tests.auth.mfa.securing import code_of, secure, ticket
from tests.auth.mfa.test_login import claims
from tests.auth.passkeys.authenticator import Authenticator
from tests.auth.passkeys.registering import LOGIN, ask, log_in, options, register
from tests.conftest import Execute, MakeApp
from tests.http import BASE_URL, acting_as, bearer, mistakes, problem
from tests.limits.test_routes import called, limits


async def test_a_passkey_signs_in_without_name_and_password(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)

    response = await log_in(client, kept.passkey)

    assert response.status_code == 200, response.text
    assert response.json()["user"]["id"] == str(ann.id)
    token = response.json()["tokens"]["access_token"]
    said = claims(token)
    assert (said["amr"], said["acr"]) == (["hwk", "user", "mfa"], "aal2")
    listed = await client.get("/v1/users/me/passkeys", headers=bearer(token))
    assert listed.json()["items"][0]["last_used_at"] is not None


async def test_with_an_app_as_well_a_passkey_is_still_enough(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = (await secure(conn)).user
    kept = await register(client, ann)

    assert (await log_in(client, kept.passkey)).json()["tokens"]


async def test_the_options_ask_any_passkey_of_the_site_and_its_user(client: AsyncClient) -> None:
    asked = (await ask(client))["options"]

    assert asked["rpId"] == "test.local"
    assert asked["userVerification"] == "required"
    assert asked.get("allowCredentials", []) == []


async def test_asking_for_passkeys_is_counted_as_signing_in_is(make_app: MakeApp) -> None:
    async with called(make_app(limits=limits(login_ip=2))) as client:
        for _ in range(2):
            await ask(client)

        problem(await client.post(f"{LOGIN}/options"), 429, "rate_limited")


async def test_a_passkey_that_nobody_registered_is_refused(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    await register(client, ann)
    asked = await options(client, ann)

    problem(await log_in(client, Authenticator()), 400, "invalid_passkey")
    stranger = Authenticator().owned_by(asked["options"])
    problem(await log_in(client, stranger), 400, "invalid_passkey")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://test.local:8000"},
        {"site": "evil.example"},
        {"asks": False},
        {"key": Authenticator().key},
        {"user_handle": "AAAA"},
        {"user_handle": "é"},
    ],
)
async def test_what_is_not_right_in_every_part_is_refused(
    client: AsyncClient, conn: Transaction, wrong: dict[str, Any]
) -> None:
    kept = await register(client, await factories.user(conn))

    problem(await log_in(client, kept.passkey.but(**wrong)), 400, "invalid_passkey")
    assert (await log_in(client, kept.passkey)).status_code == 200


async def test_a_challenge_is_answered_once(client: AsyncClient, conn: Transaction) -> None:
    kept = await register(client, await factories.user(conn))
    asked = await ask(client)

    assert (await log_in(client, kept.passkey, asked)).status_code == 200
    problem(await log_in(client, kept.passkey, asked), 400, "invalid_passkey")


async def test_a_wrong_answer_uses_the_challenge_up_as_well(
    client: AsyncClient, conn: Transaction
) -> None:
    kept = await register(client, await factories.user(conn))
    asked = await ask(client)

    problem(await log_in(client, kept.passkey.but(asks=False), asked), 400, "invalid_passkey")
    problem(await log_in(client, kept.passkey, asked), 400, "invalid_passkey")


async def test_a_challenge_of_another_flow_or_of_nobody_is_refused(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)
    asked = await ask(client)
    made_up = {**asked, "options": {**asked["options"], "challenge": "Y29yZV9vbmNlX3g"}}
    other = {**asked, "flow_id": str(uuid4())}
    to_register = await options(client, ann)

    for wrong in (made_up, other, to_register):
        problem(await log_in(client, kept.passkey, wrong), 400, "invalid_passkey")
    asked = await ask(client)
    await execute("UPDATE one_time_token SET expires_at = now()")
    problem(await log_in(client, kept.passkey, asked), 400, "invalid_passkey")


async def test_a_counter_that_stands_still_or_goes_back_is_refused(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann, Authenticator(sign_count=5))

    assert (await log_in(client, kept.passkey.but(sign_count=7))).status_code == 200
    for count in (7, 6, 0):
        wrong = await log_in(client, kept.passkey.but(sign_count=count))
        problem(wrong, 400, "invalid_passkey")
    assert (await log_in(client, kept.passkey.but(sign_count=8))).status_code == 200
    seen = await execute(
        "SELECT actor_id, detail FROM audit_event"
        " WHERE action = 'user.passkey_counter_went_back' ORDER BY id"
    )
    assert seen == [(ann.id, {"sign_count": count}) for count in (7, 6, 0)]


async def test_a_passkey_that_does_not_count_is_taken_again_and_again(
    client: AsyncClient, conn: Transaction
) -> None:
    kept = await register(client, await factories.user(conn))

    for _ in range(3):
        assert (await log_in(client, kept.passkey)).status_code == 200


async def test_a_disabled_account_is_told_so(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    kept = await register(client, await factories.user(conn))
    await execute("UPDATE account SET status = 'disabled'")

    problem(await log_in(client, kept.passkey), 403, "account_disabled")


async def test_cookies_are_set_for_an_allowed_page_only(
    client: AsyncClient, conn: Transaction
) -> None:
    kept = await register(client, await factories.user(conn))
    asked = await ask(client)
    body = {
        "flow_id": asked["flow_id"],
        "assertion": kept.passkey.get(asked["options"]),
        "token_transport": "cookie",
    }

    foreign = await client.post(
        f"{LOGIN}/verify", json=body, headers={"Origin": "https://evil.example"}
    )
    own = await client.post(f"{LOGIN}/verify", json=body, headers={"Origin": BASE_URL})

    problem(foreign, 403, "csrf_failed")
    assert own.status_code == 200, own.text
    assert (own.json()["tokens"], "core_at" in own.cookies) == (None, True)


@pytest.mark.parametrize("place", ["id", "clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", [None, "", "A", "oA", 7, {}, "\0"])
async def test_a_broken_part_is_a_refusal(
    client: AsyncClient, conn: Transaction, place: str, value: object
) -> None:
    kept = await register(client, await factories.user(conn))
    asked = await ask(client)
    assertion = kept.passkey.get(asked["options"])
    (assertion if place in assertion else assertion["response"])[place] = value

    response = await client.post(
        f"{LOGIN}/verify", json={"flow_id": asked["flow_id"], "assertion": assertion}
    )

    problem(response, 400, "invalid_passkey")


async def second_step(
    client: AsyncClient, ticket: str, passkey: Authenticator, asked: dict[str, Any] | None = None
) -> Response:
    asked = asked or await ask(client)
    assertion = passkey.get(asked["options"])
    body = {"ticket": ticket, "method": "passkey", "assertion": assertion}
    return await client.post("/v1/auth/login/mfa", json=body)


async def test_a_passkey_is_a_second_factor_of_the_password(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)
    first = await client.post(
        "/v1/auth/login", json={"identifier": ann.email, "password": ann.password}
    )
    challenge = first.json()["mfa"]

    response = await second_step(client, challenge["ticket"], kept.passkey)

    assert challenge["methods"] == ["passkey", "recovery_code"]
    assert response.status_code == 200, response.text
    said = claims(response.json()["tokens"]["access_token"])
    assert (said["amr"], said["acr"]) == (["pwd", "hwk", "user", "mfa"], "aal2")


async def test_the_second_step_takes_no_passkey_of_somebody_else(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    own, other = await register(client, ann), await register(client, bob)
    sent = await ticket(conn, ann)

    for wrong in (other.passkey, Authenticator(), own.passkey.but(asks=False)):
        problem(await second_step(client, sent, wrong), 401, "invalid_mfa_code")
    assert (await second_step(client, sent, own.passkey)).status_code == 200


async def test_wrong_passkeys_use_the_tries_of_a_ticket_up(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)
    sent = await ticket(conn, ann)

    for _ in range(5):
        await second_step(client, sent, Authenticator())

    problem(await second_step(client, sent, kept.passkey), 401, "invalid_mfa_code")
    # Guessing codes does not lock a passkey out: it cannot be guessed.
    assert (await second_step(client, await ticket(conn, ann), kept.passkey)).status_code == 200


async def test_a_method_comes_with_what_it_takes(client: AsyncClient, conn: Transaction) -> None:
    sent = await ticket(conn, (await secure(conn)).user)

    for body, pointer in (
        ({"method": "passkey", "code": "123456"}, "/assertion"),
        ({"method": "totp", "assertion": {"id": "x"}}, "/code"),
    ):
        response = await client.post("/v1/auth/login/mfa", json={"ticket": sent, **body})
        assert mistakes(response) == {(pointer, "missing")}


async def reauthenticate(client: AsyncClient, user: factories.User, **proof: object) -> Response:
    return await client.post("/v1/auth/reauthenticate", json=proof, headers=acting_as(user))


async def test_a_passkey_makes_a_sign_in_fresh_again(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)
    await execute("UPDATE session SET authenticated_at = now() - interval '1 hour'")
    asked = await ask(client)

    response = await reauthenticate(client, ann, assertion=kept.passkey.get(asked["options"]))

    assert response.status_code == 200, response.text
    token = response.json()["tokens"]["access_token"]
    said = claims(token)
    assert (said["amr"], said["acr"]) == (["hwk", "mfa", "pwd", "user"], "aal2")
    fresh = await client.post("/v1/users/me/passkeys/options", headers=bearer(token))
    assert fresh.status_code == 200


async def test_a_code_makes_a_sign_in_fresh_again_once(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await secure(conn)
    code = code_of(ann.seed)

    response = await reauthenticate(client, ann.user, totp=code)
    again = await reauthenticate(client, ann.user, totp=code)

    assert response.status_code == 200, response.text
    said = claims(response.json()["tokens"]["access_token"])
    assert (said["amr"], said["acr"]) == (["mfa", "otp", "pwd"], "aal2")
    problem(again, 401, "invalid_mfa_code")


async def test_nobody_elses_proof_makes_a_sign_in_fresh(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await secure(conn), await secure(conn)
    other = await register(client, bob.user)
    asked = await ask(client)
    before = await execute("SELECT authenticated_at, aal FROM session")

    proofs: list[dict[str, object]] = [
        {"totp": code_of(bob.seed)},
        {"totp": ann.recovery_codes[0]},
        {"assertion": other.passkey.get(asked["options"])},
        {"assertion": {}},
    ]
    for proof in proofs:
        response = await reauthenticate(client, ann.user, **proof)
        problem(response, 401, "invalid_mfa_code")

    assert await execute("SELECT authenticated_at, aal FROM session") == before


@pytest.mark.parametrize("proof", [{}, {"password": "x", "totp": "123456"}])
async def test_one_proof_is_sent(
    client: AsyncClient, conn: Transaction, proof: dict[str, object]
) -> None:
    ann = await factories.user(conn)

    assert mistakes(await reauthenticate(client, ann, **proof)) == {("", "one_proof")}


@pytest.mark.committed
async def test_of_many_answers_to_one_challenge_one_signs_in(
    client: AsyncClient, pools: Pools, execute: Execute
) -> None:
    async with pools.write.transaction() as conn:
        ann = await factories.user(conn, transport=Transport.BEARER)
    kept = await register(client, ann)
    asked = await ask(client)

    answers = await asyncio.gather(*(log_in(client, kept.passkey, asked) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert await execute("SELECT count(*) FROM session") == [(2,)]
