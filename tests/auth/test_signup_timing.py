"""A private service does not tell by the clock either whether it knows an address."""

import random
import statistics
import time

import pytest

from src.config import AuthenticationSettings, LimitSettings, RateSettings
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import without_ids
from tests.teams.test_timing import rank_test

pytestmark = [pytest.mark.slow, pytest.mark.committed]

SAMPLES = 400
ROUNDS = 3
draw = random.Random(11)  # noqa: S311  (an order, no secret)


@pytest.mark.parametrize("more", [{"password": factories.PASSWORD}, {}])
async def test_a_known_address_takes_as_long_as_a_new_one(
    make_client: MakeClient, execute: Execute, more: dict[str, str]
) -> None:
    client = await make_client(
        authentication=AuthenticationSettings(signup="private"),
        limits=LimitSettings(rates=RateSettings(signup_ip=0, mail_ip=0)),
    )
    each = SAMPLES * ROUNDS + 20
    # Each address once: none of them is written to so often that it gets no mail.
    await execute(
        "INSERT INTO account (email, status, email_verified_at)"
        " SELECT 'known' || number || '@example.org', 'active', now()"
        " FROM generate_series(0, %(each)s) AS number",
        each=each,
    )
    await execute("ANALYZE account")
    bodies = set()
    numbers = {"known": iter(range(each)), "other": iter(range(each))}

    async def sample(kind: str) -> float:
        body = {"email": f"{kind}{next(numbers[kind])}@example.org", **more}
        began = time.perf_counter()
        response = await client.post("/v1/auth/signup", json=body)
        took = time.perf_counter() - began
        assert response.status_code == 202, response.text
        headers = {n: v for n, v in response.headers.items() if n != "x-request-id"}
        bodies.add((str(sorted(headers.items())), str(without_ids(response.json()))))
        return took

    for _ in range(20):
        await sample("known")
        await sample("other")

    # A loaded machine can make one measurement say anything, a leak makes all of them say it.
    told = []
    for _ in range(ROUNDS):
        times: dict[str, list[float]] = {"known": [], "other": []}
        for _ in range(SAMPLES):
            for kind in draw.sample(["known", "other"], 2):
                times[kind].append(await sample(kind))
        likelihood = rank_test(times["known"], times["other"])
        told.append((likelihood, *(statistics.median(each) for each in times.values())))
        if likelihood > 0.01:
            break
    else:
        pytest.fail(f"likelihood, and medians in seconds: {told}")
    assert len(bodies) == 1
