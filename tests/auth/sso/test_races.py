"""Several at once: the constraints decide."""

import asyncio
from collections import Counter

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.auth.sso import tasks
from src.database import Pools, Transaction
from tests import factories
from tests.auth.sso import going
from tests.auth.sso.going import BASE, VERIFIER
from tests.auth.test_keys import context_of
from tests.conftest import Execute
from tests.fakes import facebook
from tests.fakes.issuer import Issuer
from tests.http import acting_as, client_of

pytestmark = pytest.mark.committed


async def test_one_answer_brought_often_serves_once(
    app: FastAPI, client: AsyncClient, issuer: Issuer
) -> None:
    asked = await going.address(client)
    sealed = client.cookies["core_sso_op"]
    code = issuer.authorize(asked, email="ann@example.org")

    async def come_back() -> str:
        async with client_of(app) as browser:
            browser.cookies.set("core_sso_op", sealed)
            response = await going.come_back(browser, code=code, state=going.said(asked)["state"])
            return going.ended(response).get("error", "let in")

    found = Counter(await asyncio.gather(*(come_back() for _ in range(8))))

    assert found == {"let in": 1, "sso_flow_used": 7}


async def test_one_id_token_brought_often_signs_in_once(
    client: AsyncClient, issuer: Issuer, execute: Execute
) -> None:
    nonce = "n" * 20
    sent = {"id_token": issuer.id_token(nonce, email="ann@example.org"), "nonce": nonce}

    responses = await asyncio.gather(
        *(client.post(f"{BASE}/op/token", json=sent) for _ in range(8))
    )

    assert Counter(each.status_code for each in responses) == {201: 1, 401: 7}
    assert len(await execute("SELECT 1 FROM session")) == 1


async def test_somebody_new_who_comes_often_at_once_gets_one_account(
    client: AsyncClient, execute: Execute
) -> None:
    """Also where the provider says another address each time."""

    async def come(number: int) -> int:
        token = facebook.token("42", email=f"ann{number % 3}@example.org")
        response = await client.post(f"{BASE}/facebook/token", json={"access_token": token})
        return response.status_code

    statuses = Counter(await asyncio.gather(*(come(number) for number in range(9))))

    assert statuses == {201: 1, 200: 8}
    assert await execute("SELECT count(*) FROM account") == [(1,)]
    assert await execute("SELECT count(*) FROM identity") == [(1,)]
    assert await execute("SELECT count(*) FROM session") == [(9,)]


async def test_of_the_last_two_ways_in_one_stays(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("DELETE FROM password")
    await execute(
        "INSERT INTO identity (account_id, provider, issuer, subject)"
        " SELECT %(id)s, 'op', 'https://op', n::text FROM generate_series(1, 2) AS n",
        id=ann.id,
    )
    ids = [row[0] for row in await execute("SELECT id FROM identity")]

    responses = await asyncio.gather(
        *(client.delete(f"/v1/users/me/identities/{i}", headers=acting_as(ann)) for i in ids)
    )

    assert sorted(each.status_code for each in responses) == [204, 409]
    assert await execute("SELECT count(*) FROM identity") == [(1,)]


async def test_one_login_code_brought_often_signs_in_once(
    client: AsyncClient, issuer: Issuer
) -> None:
    back = going.ended(await going.round_trip(client, issuer, email="ann@example.org"))
    sent = {"login_code": back["login_code"], "code_verifier": VERIFIER}

    responses = await asyncio.gather(
        *(client.post(f"{BASE}/exchange", json=sent) for _ in range(8))
    )

    assert Counter(each.status_code for each in responses) == {201: 1, 400: 7}


async def test_a_wrong_verifier_kills_the_code_for_good(
    client: AsyncClient, issuer: Issuer
) -> None:
    back = going.ended(await going.round_trip(client, issuer, email="ann@example.org"))

    wrong = await going.exchange(client, back["login_code"], code_verifier="x" * 43)
    right = await going.exchange(client, back["login_code"])

    assert (wrong.status_code, right.status_code) == (400, 400)


async def test_old_nonces_are_forgotten_and_new_ones_kept(pools: Pools, execute: Execute) -> None:
    await execute(
        "INSERT INTO sso_nonce (nonce_hash, used_at)"
        " SELECT sha256(n::text::bytea), now() - n * interval '13 hours'"
        "   FROM generate_series(0, 2) AS n"
    )

    await tasks.purge_nonces(context_of(pools=pools), timestamp=0)

    assert await execute("SELECT count(*) FROM sso_nonce") == [(2,)]
