import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from src.database import Pools
from tests.auth.mfa.securing import code_of, second_step, secure, ticket, wrong_code
from tests.conftest import Execute
from tests.http import problem

pytestmark = pytest.mark.committed

CALLERS = 50


async def test_of_many_who_come_with_one_code_one_gets_through(
    client: AsyncClient, pools: Pools, execute: Execute
) -> None:
    async with pools.write.transaction() as conn:
        ann = await secure(conn)
        tickets = [await ticket(conn, ann.user) for _ in range(CALLERS)]
    code = code_of(ann.seed)

    answers = await asyncio.gather(*(second_step(client, sent, code) for sent in tickets))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: CALLERS - 1}
    assert await execute("SELECT count(*) FROM session") == [(2,)]


async def test_of_many_who_come_with_one_ticket_one_gets_through(
    client: AsyncClient, pools: Pools, execute: Execute
) -> None:
    async with pools.write.transaction() as conn:
        ann = await secure(conn)
        sent = await ticket(conn, ann.user)
    codes = [code_of(ann.seed), *ann.recovery_codes[:4]]

    answers = await asyncio.gather(
        *(
            second_step(client, sent, code, method="totp" if len(code) == 6 else "recovery_code")
            for code in codes
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: len(codes) - 1}
    assert await execute("SELECT count(*) FROM session") == [(2,)]


async def test_guessing_in_parallel_gains_no_tries(client: AsyncClient, pools: Pools) -> None:
    async with pools.write.transaction() as conn:
        ann = await secure(conn)
        tickets = [await ticket(conn, ann.user) for _ in range(20)]
        later = await ticket(conn, ann.user)
    code = wrong_code(ann.seed)

    answers = await asyncio.gather(*(second_step(client, sent, code) for sent in tickets))

    assert {answer.status_code for answer in answers} == {401}
    problem(await second_step(client, later, code_of(ann.seed)), 401, "invalid_mfa_code")
