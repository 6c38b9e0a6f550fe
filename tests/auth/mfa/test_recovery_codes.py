"""Codes for who has lost their phone."""

from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.auth.mfa.securing import second_step, secure, ticket
from tests.conftest import Execute
from tests.http import acting_as, problem

CODES = "/v1/users/me/mfa/recovery-codes"


async def test_each_recovery_code_signs_in_once(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)
    first, second, *_ = ann.recovery_codes

    for code in (first, second.lower().replace("-", " ")):
        sent = await ticket(conn, ann.user)
        response = await second_step(client, sent, code, method="recovery_code")
        assert response.status_code == 200, response.text
    again = await second_step(client, await ticket(conn, ann.user), first, method="recovery_code")

    problem(again, 401, "invalid_mfa_code")
    assert await execute("SELECT count(*) FROM recovery_code WHERE used_at IS NULL") == [(8,)]
    used = await execute("SELECT 1 FROM audit_event WHERE action = 'user.recovery_code_used'")
    assert len(used) == 2


async def test_a_recovery_code_is_no_totp_code(client: AsyncClient, conn: Transaction) -> None:
    ann = await secure(conn)
    sent = await ticket(conn, ann.user)

    problem(await second_step(client, sent, ann.recovery_codes[0]), 401, "invalid_mfa_code")


async def test_when_all_are_used_they_are_no_method_any_more(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = (await secure(conn)).user
    await execute("UPDATE recovery_code SET used_at = now()")

    response = await client.post(
        "/v1/auth/login", json={"identifier": ann.email, "password": ann.password}
    )

    assert response.json()["mfa"]["methods"] == ["totp"]


async def test_new_codes_kill_the_old_ones(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await secure(conn)

    response = await client.post(CODES, headers=acting_as(ann.user))

    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    new = response.json()["recovery_codes"]
    assert len(set(new)) == 10
    old = ann.recovery_codes[0]
    sent = await ticket(conn, ann.user)
    refused = await second_step(client, sent, old, method="recovery_code")
    taken = await second_step(client, sent, new[0], method="recovery_code")
    problem(refused, 401, "invalid_mfa_code")
    assert taken.status_code == 200
    made = await execute("SELECT 1 FROM audit_event WHERE action = 'user.recovery_codes_made'")
    assert len(made) == 1


async def test_without_a_factor_there_is_nothing_to_recover(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    problem(await client.post(CODES, headers=acting_as(ann)), 409, "mfa_not_enabled")
