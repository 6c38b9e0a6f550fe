"""When something expires is decided by the database's clock, in seconds, wherever one lives."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from httpx2 import AsyncClient

from src.config import AuthenticationSettings, RefreshTokenSettings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.database import ROOT
from tests.http import problem

PIECES = ("tests/auth/test_refresh.py", "tests/auth/test_onetime.py", "tests/auth/test_keys.py")


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_the_suite_holds_in_other_time_zones(zone: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "not committed and not slow", *PIECES],
        cwd=ROOT,
        env={**os.environ, "TZ": zone, "PGTZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin", "America/St_Johns"])
async def test_a_session_lives_its_seconds_across_a_change_of_the_clocks(
    make_client: MakeClient, conn: Connection, execute: Execute, zone: str
) -> None:
    await execute("SELECT set_config('TimeZone', %(zone)s, true)", zone=zone)
    ann = await factories.user(conn)
    login = {"identifier": ann.email, "password": ann.password}

    # Of these, some end in summer and some in winter, whenever they begin.
    for days in (30, 120, 180, 240):
        lifetimes = RefreshTokenSettings(idle_days=days, absolute_days=days)
        client = await make_client(authentication=AuthenticationSettings(refresh_token=lifetimes))
        assert (await client.post("/v1/auth/login", json=login)).status_code == 200
        rows = await execute(
            "SELECT extract(epoch FROM expires_at - created_at)::float8,"
            "       extract(epoch FROM idle_expires_at - created_at)::float8"
            "  FROM session WHERE account_id = %(id)s ORDER BY id DESC LIMIT 1",
            id=ann.id,
        )
        seconds = timedelta(days=days).total_seconds()
        assert rows == [(seconds, seconds)]


@pytest.mark.parametrize("hours", [-48, 48])
async def test_a_wrong_clock_of_the_service_ends_no_session_and_prolongs_none(
    client: AsyncClient, conn: Connection, execute: Execute, hours: int
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await execute(
        "UPDATE session SET idle_expires_at = now() - interval '1 second' WHERE id = %(id)s",
        id=bob.session_id,
    )

    with time_machine.travel(timedelta(hours=hours)):
        alive = await client.post(
            "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
        )
        ended = await client.post(
            "/v1/auth/token/refresh", json={"refresh_token": bob.refresh_token}
        )

    assert alive.status_code == 200, alive.text
    problem(ended, 401, "session_expired")
