"""Secrets of one use, below HTTP: what every flow that mails a link or a code relies on."""

from collections.abc import Awaitable, Callable

import pytest

from src.auth.onetime import exceptions, service
from src.auth.onetime.constants import CODE_TRIES, Purpose
from src.auth.onetime.schemas import IssuedSecret
from src.database import Transaction
from tests.conftest import Execute

KEY = b"a key that the database has not"
Issue = Callable[..., Awaitable[IssuedSecret]]


@pytest.fixture
def issue(conn: Transaction) -> Issue:
    async def issued(
        purpose: Purpose = Purpose.RESET_PASSWORD, target: str = "Ann@example.org"
    ) -> IssuedSecret:
        return await service.issue(
            conn, KEY, purpose=purpose, target=target, user_id=None, detail={"said": "so"}
        )

    return issued


async def test_a_token_is_spent_once(conn: Transaction, issue: Issue) -> None:
    made = await issue()

    seen = await service.look_at(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)
    spent = await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)

    assert (seen.is_spent, spent.is_spent) == (False, True)
    assert (spent.flow_id, spent.target, spent.detail) == (
        made.flow_id,
        "ann@example.org",
        {"said": "so"},
    )
    with pytest.raises(exceptions.InvalidOneTimeToken):
        await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)
    with pytest.raises(exceptions.InvalidOneTimeToken):
        await service.look_at(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)


@pytest.mark.parametrize("other", [p for p in Purpose if p is not Purpose.RESET_PASSWORD])
async def test_a_token_of_one_purpose_is_refused_for_every_other(
    conn: Transaction, issue: Issue, other: Purpose
) -> None:
    made = await issue()

    with pytest.raises(exceptions.InvalidOneTimeToken):
        await service.spend(conn, purpose=other, token=made.token)
    with pytest.raises(exceptions.InvalidCode):
        await service.spend_code(
            conn, [KEY], purpose=other, target="ann@example.org", code=made.code
        )


async def test_asking_again_kills_what_was_asked_for_before(
    conn: Transaction, issue: Issue
) -> None:
    old, new = await issue(), await issue(target="ANN@EXAMPLE.ORG")

    with pytest.raises(exceptions.InvalidOneTimeToken):
        await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=old.token)
    await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=new.token)


async def test_an_expired_token_says_so(conn: Transaction, issue: Issue, execute: Execute) -> None:
    made = await issue()
    await execute("UPDATE one_time_token SET expires_at = now()")

    with pytest.raises(exceptions.ExpiredToken):
        await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)


async def test_a_code_spends_its_token(conn: Transaction, issue: Issue) -> None:
    made = await issue()

    await service.spend_code(
        conn, [KEY], purpose=Purpose.RESET_PASSWORD, target="ann@Example.org", code=made.code
    )

    with pytest.raises(exceptions.InvalidOneTimeToken):
        await service.spend(conn, purpose=Purpose.RESET_PASSWORD, token=made.token)


async def test_after_five_tries_the_right_code_is_dead(conn: Transaction, issue: Issue) -> None:
    made = await issue()
    wrong = f"{(int(made.code) + 1) % 1_000_000:06d}"

    async def attempt(code: str) -> None:
        await service.spend_code(
            conn, [KEY], purpose=Purpose.RESET_PASSWORD, target="ann@example.org", code=code
        )

    for _ in range(CODE_TRIES):
        with pytest.raises(exceptions.InvalidCode):
            await attempt(wrong)
    with pytest.raises(exceptions.InvalidCode):
        await attempt(made.code)


async def test_a_code_dies_after_ten_minutes_while_its_token_lives(
    conn: Transaction, issue: Issue, execute: Execute
) -> None:
    made = await issue(Purpose.VERIFY_EMAIL)
    (left,) = await execute(
        "SELECT code_expires_at - now() <= interval '10 minutes',"
        " expires_at - now() > interval '23 hours' FROM one_time_token"
    )
    await execute("UPDATE one_time_token SET code_expires_at = now() - interval '1 second'")

    assert left == (True, True)
    with pytest.raises(exceptions.InvalidCode):
        await service.spend_code(
            conn, [KEY], purpose=Purpose.VERIFY_EMAIL, target="ann@example.org", code=made.code
        )
    await service.spend(conn, purpose=Purpose.VERIFY_EMAIL, token=made.token)


async def test_a_code_is_bound_to_its_target_and_its_flow(conn: Transaction, issue: Issue) -> None:
    made, other = await issue(), await issue(target="bob@example.org")

    with pytest.raises(exceptions.InvalidCode):
        await service.spend_code(
            conn,
            [KEY],
            purpose=Purpose.RESET_PASSWORD,
            target="ann@example.org",
            code=made.code,
            flow_id=other.flow_id,
        )
    await service.spend_code(
        conn,
        [KEY],
        purpose=Purpose.RESET_PASSWORD,
        target="ann@example.org",
        code=made.code,
        flow_id=made.flow_id,
    )


async def test_the_database_holds_neither_token_nor_code(issue: Issue, execute: Execute) -> None:
    made = await issue()

    (row,) = await execute("SELECT one_time_token::text FROM one_time_token")

    assert made.token not in row[0]
    assert made.code not in row[0].replace(str(made.flow_id), "")


async def test_what_expired_a_week_ago_is_forgotten(
    conn: Transaction, issue: Issue, execute: Execute
) -> None:
    await issue()
    await issue(target="bob@example.org")
    await execute(
        "UPDATE one_time_token SET expires_at = now() - interval '8 days'"
        " WHERE target = 'bob@example.org'"
    )

    assert await service.purge(conn) == 1
    assert await execute("SELECT target FROM one_time_token") == [("ann@example.org",)]


async def test_a_users_secrets_can_be_killed_together(conn: Transaction, execute: Execute) -> None:
    (row,) = await execute(
        "INSERT INTO account (email, status) VALUES ('ann@example.org', 'active') RETURNING id"
    )
    for purpose in (Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK):
        await service.issue(conn, KEY, purpose=purpose, target="ann@example.org", user_id=row[0])

    killed = await service.forget(conn, user_id=row[0], purposes=[Purpose.RESET_PASSWORD])

    assert killed == 1
    assert await execute("SELECT purpose FROM one_time_token") == [("magic_link",)]
