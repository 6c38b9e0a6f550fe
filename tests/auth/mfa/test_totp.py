"""Setting an authenticator app up, and taking it away."""

from collections.abc import Awaitable, Callable
from typing import Any

from httpx2 import AsyncClient, Response

from src.config import AuthenticationSettings, MfaSettings
from src.database import Transaction
from tests import factories
from tests.auth.mfa.securing import code_of, second_step, secure, ticket, wrong_code
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, problem

TOTP = "/v1/users/me/mfa/totp"


async def start(client: AsyncClient, user: factories.User) -> dict[str, Any]:
    response = await client.post(TOTP, headers=acting_as(user))
    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    return dict(response.json())


async def confirm(client: AsyncClient, user: factories.User, code: str) -> Response:
    return await client.post(f"{TOTP}/confirm", json={"code": code}, headers=acting_as(user))


async def log_in(client: AsyncClient, user: factories.User) -> dict[str, Any]:
    response = await client.post(
        "/v1/auth/login", json={"identifier": user.email, "password": user.password}
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_an_app_is_set_up_and_signing_in_asks_for_it(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)

    made = await start(client, ann)
    assert "mfa" not in await log_in(client, ann)
    confirmed = await confirm(client, ann, code_of(made["secret"]))

    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.headers["cache-control"] == "no-store"
    assert len(set(confirmed.json()["recovery_codes"])) == 10
    assert f"secret={made['secret']}" in made["otpauth_uri"]
    assert made["otpauth_uri"].startswith("otpauth://totp/Core%20API:")
    assert "mfa" in await log_in(client, ann)
    actions = await execute(
        "SELECT action, actor_id, detail FROM audit_event"
        " WHERE action <> 'session.revoked' ORDER BY id DESC"
    )
    assert actions[0] == ("user.totp_added", ann.id, {})


async def test_the_code_that_confirmed_does_not_sign_in_as_well(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    seed = (await start(client, ann))["secret"]
    code = code_of(seed)
    await confirm(client, ann, code)

    response = await second_step(client, await ticket(conn, ann), code)

    problem(response, 401, "invalid_mfa_code")


async def test_a_wrong_code_confirms_nothing(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    seed = (await start(client, ann))["secret"]

    body = problem(await confirm(client, ann, wrong_code(seed)), 401, "wrong_totp_code")

    assert "the app shows now" in body["detail"]
    assert "sign in" not in body["detail"].lower()
    assert "mfa" not in await log_in(client, ann)
    assert (await confirm(client, ann, code_of(seed))).status_code == 200


async def test_starting_again_makes_another_seed(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    first = (await start(client, ann))["secret"]
    second = (await start(client, ann))["secret"]

    problem(await confirm(client, ann, code_of(first)), 401, "wrong_totp_code")
    assert (await confirm(client, ann, code_of(second))).status_code == 200


async def test_there_is_one_app_at_a_time(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)

    problem(await client.post(TOTP, headers=acting_as(ann.user)), 409, "totp_enabled")
    problem(await confirm(client, ann.user, code_of(ann.seed)), 409, "totp_enabled")


async def test_nothing_is_confirmed_or_removed_that_is_not_there(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    problem(await confirm(client, ann, "123456"), 404, "totp_not_found")
    await start(client, ann)
    problem(await client.delete(TOTP, headers=acting_as(ann)), 404, "totp_not_found")


async def test_without_the_app_the_password_is_enough_again(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)

    response = await client.delete(TOTP, headers=acting_as(ann.user))

    assert response.status_code == 204, response.text
    assert "mfa" not in await log_in(client, ann.user)
    # What stood in for it is gone as well.
    assert await execute("SELECT count(*) FROM recovery_code") == [(0,)]
    ((action,),) = await execute("SELECT action FROM audit_event ORDER BY id DESC LIMIT 1")
    assert action == "user.totp_removed"


async def test_a_short_password_keeps_the_last_factor(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)
    await execute("UPDATE password SET is_short = true")

    response = await client.delete(TOTP, headers=acting_as(ann.user))

    problem(response, 409, "longer_password_required")
    assert "mfa" in await log_in(client, ann.user)
    assert await execute("SELECT count(*) FROM recovery_code") == [(10,)]


async def test_factors_are_changed_after_a_fresh_sign_in_only(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    for method, path in (
        ("POST", TOTP),
        ("DELETE", TOTP),
        ("POST", "/v1/users/me/mfa/recovery-codes"),
    ):
        response = await client.request(method, path, headers=acting_as(ann.user))
        problem(response, 403, "fresh_login_required")
    problem(await confirm(client, ann.user, code_of(ann.seed)), 403, "fresh_login_required")


async def test_operators_choose_what_apps_call_the_service(
    make_client: MakeClient, conn: Transaction
) -> None:
    client = await make_client(authentication=AuthenticationSettings(mfa=MfaSettings(name="Birds")))
    ann = await factories.user(conn)

    assert "issuer=Birds" in (await start(client, ann))["otpauth_uri"]


async def test_the_other_sessions_end_with_it_and_without_it(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    seed = (await start(client, ann))["secret"]
    elsewhere = await factories.session(conn, ann)
    problem(await confirm(client, ann, wrong_code(seed)), 401, "wrong_totp_code")
    assert (await client.get("/v1/users/me", headers=acting_as(elsewhere))).status_code == 200

    async def ended_by(change: Callable[[], Awaitable[Response]]) -> bool:
        elsewhere = await factories.session(conn, ann)
        assert (await change()).status_code < 300
        left = await client.get("/v1/users/me", headers=acting_as(elsewhere))
        assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
        return left.status_code == 401

    assert await ended_by(lambda: confirm(client, ann, code_of(seed)))
    assert await ended_by(lambda: client.delete(TOTP, headers=acting_as(ann)))
