"""Neither signing in nor asking for a mail tells by the clock whether there is an account."""

import random
import statistics
import time
from collections.abc import AsyncIterator, Mapping

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.teams.test_timing import rank_test

pytestmark = [pytest.mark.slow, pytest.mark.committed]

SAMPLES, WARM_UP, ROUNDS = 400, 30, 3
ACCOUNTS = SAMPLES * ROUNDS + WARM_UP
KINDS = ("known", "passwordless", "disabled", "unknown")
draw = random.Random(11)  # noqa: S311  (an order, no secret)


@pytest.fixture
async def addresses(conn: Connection, execute: Execute) -> Mapping[str, AsyncIterator[str]]:
    """Addresses of each kind, never the same again: nothing is to be limited or kept from before.

    The unknown ones are spelled like the others.
    """
    ann = await factories.user(conn)
    await execute(
        "INSERT INTO account (email, status, email_verified_at)"
        " SELECT kind || number || '@example.org',"
        "        CASE kind WHEN 'disabled' THEN 'disabled' ELSE 'active' END, now()"
        "   FROM unnest(ARRAY['known', 'passwordless', 'disabled']) AS kind,"
        "        generate_series(1, %(count)s) AS number",
        count=ACCOUNTS,
    )
    await execute(
        "INSERT INTO password (account_id, hash)"
        " SELECT account.id, password.hash FROM account, password"
        "  WHERE account.email ~ '^(known|disabled)' AND password.account_id = %(id)s",
        id=ann.id,
    )
    await execute("ANALYZE")

    async def each(kind: str) -> AsyncIterator[str]:
        for number in range(1, ACCOUNTS + 1):
            yield f"{kind}{number}@example.org"

    return {kind: each(kind) for kind in KINDS}


async def took(client: AsyncClient, path: str, name: str, address: str, status: int) -> float:
    body = {name: address, **({"password": "not the password at all"} if status == 401 else {})}
    began = time.perf_counter()
    response = await client.post(path, json=body)
    seconds = time.perf_counter() - began
    assert response.status_code == status, response.text
    return seconds


@pytest.mark.parametrize("kind", ["known", "passwordless", "disabled"])
@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/v1/auth/login", "identifier", 401),
        ("/v1/auth/password/recovery", "email", 202),
        ("/v1/auth/login/link", "email", 202),
    ],
)
async def test_an_address_of_somebody_takes_as_long_as_one_of_nobody(
    make_client: MakeClient,
    addresses: Mapping[str, AsyncIterator[str]],
    path: str,
    name: str,
    status: int,
    kind: str,
) -> None:
    client = await make_client()

    async def sample(kind: str) -> float:
        return await took(client, path, name, await anext(addresses[kind]), status)

    for _ in range(WARM_UP):
        await sample(kind)
        await sample("unknown")

    # A loaded machine can make one measurement say anything, a leak makes all of them say it.
    told = []
    for _ in range(ROUNDS):
        found: dict[str, list[float]] = {kind: [], "unknown": []}
        for _ in range(SAMPLES):
            for each in draw.sample(sorted(found), 2):
                found[each].append(await sample(each))
        likelihood = rank_test(found[kind], found["unknown"])
        medians = [statistics.median(times) for times in found.values()]
        told.append((likelihood, *medians))
        if likelihood > 0.01 and max(medians) / min(medians) < 1.05:
            return
    pytest.fail(f"likelihood, and medians in seconds: {told}")
