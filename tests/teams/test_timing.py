"""An outsider cannot tell a foreign team from a missing one by the clock either."""

import math
import random
import statistics
import time

import pytest
from httpx2 import AsyncClient
from uuid_utils.compat import uuid7

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.http import acting_as, problem

pytestmark = [pytest.mark.slow, pytest.mark.committed]

SAMPLES = 500
draw = random.Random(7)  # noqa: S311  (an order, no secret)


def rank_test(first: list[float], second: list[float]) -> float:
    """How likely samples differ this much in rank by chance alone (Mann and Whitney, two-sided)."""
    marked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(place for place, (_, which) in enumerate(marked, 1) if which == 0)
    m, n = len(first), len(second)
    mean = m * (m + n + 1) / 2
    deviation = math.sqrt(m * n * (m + n + 1) / 12)
    return math.erfc(abs(ranks - mean) / deviation / math.sqrt(2))


def test_the_rank_test_tells_what_differs_from_what_does_not() -> None:
    plain = [draw.gauss(10, 1) for _ in range(SAMPLES)]

    assert rank_test(plain, [draw.gauss(10, 1) for _ in range(SAMPLES)]) > 0.01
    assert rank_test(plain, [draw.gauss(10.3, 1) for _ in range(SAMPLES)]) < 0.01


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/members", None),
        ("GET", "/audit-log", None),
        ("PATCH", "", {"name": "x"}),
        ("POST", "/restore", None),
    ],
)
async def test_a_foreign_team_takes_as_long_as_a_missing_one(
    client: AsyncClient, conn: Connection, method: str, path: str, body: dict[str, str] | None
) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    for _ in range(5):
        await factories.member(conn, team=team, role=Role.EDITOR)

    async def sample(team_id: object) -> float:
        url = f"/v1/teams/{team_id}{path}"
        began = time.perf_counter()
        response = await client.request(method, url, json=body, headers=acting_as(eve))
        took = time.perf_counter() - began
        problem(response, 404, "team_not_found")
        return took

    for _ in range(50):
        await sample(team.id)
        await sample(uuid7())

    # A loaded machine can make one measurement say anything, a leak makes all of them say it.
    told = []
    for _ in range(3):
        foreign: list[float] = []
        missing: list[float] = []
        for _ in range(SAMPLES):
            for kind in draw.sample([foreign, missing], 2):
                kind.append(await sample(team.id if kind is foreign else uuid7()))
        likelihood = rank_test(foreign, missing)
        told.append((likelihood, statistics.median(foreign), statistics.median(missing)))
        if likelihood > 0.01:
            return
    pytest.fail(f"likelihood, and medians in seconds: {told}")
