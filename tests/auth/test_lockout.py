"""Guessing the password of an account: slowed down, stopped, and never told."""

import asyncio
import time
from datetime import timedelta
from statistics import median

import pytest
from httpx2 import AsyncClient, Response

from src.auth.lockout import service as lockout_service
from src.auth.passwords import Hasher
from src.config import LimitSettings, RateSettings
from src.database import Connection, Pools
from src.exceptions import Busy
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, problem, without_ids

ANN = "ann@example.org"
WRONG = "not the password at all"
HELD_UP = 600
SLOW = 5
"""Seconds that a test may be late by."""


@pytest.fixture
async def ann(conn: Connection) -> factories.User:
    return await factories.user(conn, email=ANN, username="ann")


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """A service where four wrong passwords are free, and eight in a row the last."""
    rates = RateSettings(login_failures=4, login_failures_in_a_row=8)
    return await make_client(limits=LimitSettings(rates=rates))


async def log_in(
    client: AsyncClient, password: str = factories.PASSWORD, identifier: str = ANN
) -> Response:
    return await client.post(
        "/v1/auth/login", json={"identifier": identifier, "password": password}
    )


async def fail(client: AsyncClient, times: int, identifier: str = ANN) -> None:
    for _ in range(times):
        problem(await log_in(client, WRONG, identifier), 401, "invalid_credentials")


async def later(execute: Execute, seconds: float) -> None:
    await execute(
        "UPDATE login_attempt SET free_at = free_at - %(seconds)s * interval '1 second'",
        seconds=seconds,
    )


async def held_up(execute: Execute) -> None:
    """Make the delay so long that no machine is too slow to be too soon."""
    await later(execute, -HELD_UP)


@pytest.mark.usefixtures("ann")
async def test_after_some_failures_each_further_attempt_has_to_wait_twice_as_long(
    client: AsyncClient, execute: Execute
) -> None:
    await fail(client, 4)

    for delay in (1, 2, 4):
        ((waits,),) = await execute("SELECT free_at - statement_timestamp() FROM login_attempt")
        assert timedelta(seconds=delay - SLOW) < waits <= timedelta(seconds=delay)
        await held_up(execute)
        problem(await log_in(client), 401, "invalid_credentials")
        await later(execute, HELD_UP + delay)
        await fail(client, 1)

    await later(execute, 8)
    assert (await log_in(client)).status_code == 200


@pytest.mark.usefixtures("ann")
async def test_the_delay_is_never_longer_than_a_quarter_of_an_hour(
    make_client: MakeClient, execute: Execute
) -> None:
    rates = RateSettings(login_failures=4, login_failures_in_a_row=0)
    client = await make_client(limits=LimitSettings(rates=rates))
    await fail(client, 1)
    await execute("UPDATE login_attempt SET recent = 1000, in_a_row = 1000")

    await fail(client, 1)

    ((waits,),) = await execute("SELECT free_at - statement_timestamp() FROM login_attempt")
    assert timedelta(seconds=900 - SLOW) < waits <= timedelta(seconds=900)


@pytest.mark.usefixtures("ann")
async def test_attempts_that_come_too_soon_make_nothing_worse(
    client: AsyncClient, execute: Execute
) -> None:
    await fail(client, 4)
    await held_up(execute)
    before = await execute("SELECT * FROM login_attempt")

    await fail(client, 10)

    assert await execute("SELECT * FROM login_attempt") == before


@pytest.mark.usefixtures("ann")
async def test_the_right_password_starts_anew(client: AsyncClient, execute: Execute) -> None:
    await fail(client, 3)
    assert (await log_in(client)).status_code == 200
    assert await execute("SELECT key FROM login_attempt") == []

    await fail(client, 3)
    assert (await log_in(client)).status_code == 200


@pytest.mark.usefixtures("ann")
async def test_a_quiet_quarter_of_an_hour_starts_anew(
    client: AsyncClient, execute: Execute
) -> None:
    await fail(client, 3)
    await later(execute, 15 * 60 + 1)
    await fail(client, 3)

    assert (await log_in(client)).status_code == 200


@pytest.mark.usefixtures("ann")
async def test_after_many_in_a_row_the_password_is_no_way_in_until_it_is_reset(
    client: AsyncClient, execute: Execute, ann: factories.User, pools: Pools
) -> None:
    for _ in range(8):
        await fail(client, 1)
        await later(execute, 86_400)

    problem(await log_in(client), 401, "invalid_credentials")
    assert await lockout_service.purge(pools.write.single, in_a_row=8) == 0
    await later(execute, 86_400 * 365)
    assert await lockout_service.purge(pools.write.single, in_a_row=8) == 0
    problem(await log_in(client), 401, "invalid_credentials")

    await lockout_service.forget(pools, user_id=ann.id)
    assert (await log_in(client)).status_code == 200


@pytest.mark.usefixtures("ann")
async def test_an_account_has_one_count_by_whatever_name(
    client: AsyncClient, execute: Execute
) -> None:
    for identifier in (ANN, "ann", "ANN", "Ann@Example.org"):
        await fail(client, 1, identifier)
    await held_up(execute)

    problem(await log_in(client), 401, "invalid_credentials")


async def test_an_account_that_is_none_looks_like_one(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await fail(client, 2, "bob@example.org")
    await fail(client, 2, "BOB@example.org")
    await fail(client, 4)
    await held_up(execute)

    counted = await execute("SELECT recent, in_a_row FROM login_attempt")
    known, unknown = await log_in(client), await log_in(client, identifier="bob@example.org")

    assert counted == [(4, 4), (4, 4)]
    assert without_ids(known.json()) == without_ids(unknown.json())
    assert known.headers.keys() == unknown.headers.keys()


@pytest.mark.usefixtures("ann")
async def test_somebody_else_is_not_slowed_down(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    bob = await factories.user(conn)
    await fail(client, 4)
    await held_up(execute)

    assert (await log_in(client, identifier=bob.email)).status_code == 200


@pytest.mark.committed
@pytest.mark.usefixtures("ann")
async def test_attempts_at_the_same_time_count_too(
    client: AsyncClient, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    verify = Hasher.verify

    async def counted(self: Hasher, hashed: str | None, password: str) -> bool:
        nonlocal looked_at
        looked_at += 1
        return await verify(self, hashed, password)

    await log_in(client, WRONG, "bob@example.org")  # now there are connections
    await execute("DELETE FROM login_attempt")
    monkeypatch.setattr(Hasher, "verify", counted)

    await asyncio.gather(*(log_in(client, WRONG) for _ in range(12)))

    assert looked_at == 12  # all of them take the time
    ((in_a_row,),) = await execute("SELECT in_a_row FROM login_attempt")
    assert in_a_row in {4, 5}  # the fifth is free after a second, which a slow machine may take


@pytest.mark.usefixtures("ann")
async def test_a_password_that_could_not_be_looked_at_is_no_failure(
    client: AsyncClient, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shed(self: Hasher, hashed: str | None, password: str) -> bool:
        raise Busy

    await fail(client, 3)
    with monkeypatch.context() as patched:
        patched.setattr(Hasher, "verify", shed)
        for _ in range(5):
            problem(await log_in(client), 503, "busy")

    assert await execute("SELECT recent, in_a_row FROM login_attempt") == [(3, 3)]
    assert (await log_in(client)).status_code == 200


@pytest.mark.usefixtures("ann")
async def test_switched_off_nothing_is_counted(make_client: MakeClient, execute: Execute) -> None:
    rates = RateSettings(login_failures=0, login_failures_in_a_row=0)
    client = await make_client(limits=LimitSettings(rates=rates))

    await fail(client, 12)

    assert (await log_in(client)).status_code == 200
    assert await execute("SELECT key FROM login_attempt") == []


async def test_attempts_of_long_ago_are_purged(
    client: AsyncClient, execute: Execute, ann: factories.User, pools: Pools
) -> None:
    await fail(client, 1)
    await later(execute, 86_400 * 29)
    assert await lockout_service.purge(pools.write.single, in_a_row=100) == 0

    await later(execute, 86_400 * 2)
    assert await lockout_service.purge(pools.write.single, in_a_row=100) == 1


async def test_unknown_wrong_and_locked_take_equally_long(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    rates = RateSettings(login_failures=1000, login_failures_in_a_row=1000)
    client = await make_client(limits=LimitSettings(rates=rates))
    users = {name: await factories.user(conn) for name in ("wrong", "locked")}
    emails = {name: user.email for name, user in users.items()} | {"unknown": "no@example.org"}
    await fail(client, 1, emails["locked"])
    await execute("UPDATE login_attempt SET in_a_row = 1000")
    seconds: dict[str, list[float]] = {name: [] for name in emails}

    for _ in range(40):
        for name, email in emails.items():
            began = time.perf_counter()
            await fail(client, 1, email)
            seconds[name].append(time.perf_counter() - began)

    medians = {name: median(taken) for name, taken in seconds.items()}
    # A hash takes ten times what may differ here; the machine is shared.
    assert max(medians.values()) < 1.3 * min(medians.values()), medians


async def test_a_session_that_was_taken_over_guesses_no_faster(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    def guess(password: str) -> dict[str, str]:
        return {"current_password": password, "new_password": "a long sentence about otters"}

    async def show(password: str) -> Response:
        return await client.post(
            "/v1/auth/reauthenticate", json={"password": password}, headers=acting_as(ann)
        )

    for _ in range(2):
        problem(await show(WRONG), 401, "invalid_credentials")
        response = await client.put(
            "/v1/users/me/password", json=guess(WRONG), headers=acting_as(ann)
        )
        problem(response, 401, "invalid_credentials")
    await held_up(execute)

    problem(await show(factories.PASSWORD), 401, "invalid_credentials")
    response = await client.put(
        "/v1/users/me/password", json=guess(factories.PASSWORD), headers=acting_as(ann)
    )
    problem(response, 401, "invalid_credentials")
    assert (await log_in(client)).status_code == 200, "the owner at the door is not held up by it"


async def test_strangers_who_fail_do_not_keep_the_owner_from_proving_who_they_are(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await fail(client, 4)
    await held_up(execute)
    problem(await log_in(client), 401, "invalid_credentials")

    response = await client.post(
        "/v1/auth/reauthenticate", json={"password": ann.password}, headers=acting_as(ann)
    )

    assert response.status_code == 200, response.text
    assert (await log_in(client)).status_code == 200, "that it was the owner counts for everywhere"
