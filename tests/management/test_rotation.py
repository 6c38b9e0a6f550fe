"""Keys change while requests go on, and none fails; dropped keys count no more within seconds."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from httpx2 import AsyncClient
from joserfc import jws

from src.config import LimitSettings, RateSettings
from src.database import Connection, Pools
from src.management import service
from tests import factories
from tests.conftest import Execute, MakeApp
from tests.http import acting_as, bearer, client_of
from tests.management.test_resealing import NEW, OLD, sealer_of, secrets_of

USERS = 6


UNLIMITED = LimitSettings(rates=RateSettings(refresh_session=0))


@dataclass
class Load:
    """Users who read and refresh without a pause, at whichever of the processes."""

    clients: list[AsyncClient]
    count: int = 0
    failed: list[str] = field(default_factory=list)
    is_over: bool = False

    async def use(self, user: factories.User) -> None:
        access, refresh = user.access_token, user.refresh_token
        number = 0
        while not self.is_over:
            number += 1
            client = self.clients[number % len(self.clients)]
            if number % 5:
                response = await client.get("/v1/users/me", headers=bearer(access))
            else:
                response = await client.post(
                    "/v1/auth/token/refresh", json={"refresh_token": refresh}
                )
            self.count += 1
            if response.status_code != 200:
                self.failed.append(response.text)
            elif number % 5 == 0:
                tokens = response.json()["tokens"]
                access, refresh = tokens["access_token"], tokens["refresh_token"]
            await asyncio.sleep(0.005)


@asynccontextmanager
async def loaded(
    clients: list[AsyncClient], users: Sequence[factories.User]
) -> AsyncIterator[Load]:
    load = Load(clients)
    using = [asyncio.create_task(load.use(user)) for user in users]
    try:
        yield load
    finally:
        load.is_over = True
        await asyncio.gather(*using)


@asynccontextmanager
async def processes(make_app: MakeApp, *keys: tuple[str, ...]) -> AsyncIterator[list[AsyncClient]]:
    """Applications that share nothing but the database, each with secret keys of its own."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                client_of(make_app(secrets=secrets_of(*each), limits=UNLIMITED))
            )
            for each in keys
        ]


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


@pytest.mark.slow
@pytest.mark.committed
async def test_signing_keys_change_under_load_and_nothing_fails(
    make_app: MakeApp, conn: Connection, pools: Pools, execute: Execute
) -> None:
    users = [await factories.user(conn) for _ in range(USERS)]
    before = kid_of(users[0].access_token)
    async with processes(make_app, (OLD,), (OLD,)) as clients:
        async with loaded(clients, users) as load:
            kid = await service.rotate_signing_keys(pools, factories.SEALER)
            await asyncio.sleep(service.OVERLAP_SECONDS)

        assert load.failed == []
        assert load.count > 50
        assert kid != before
        # Those of before live on, and new ones are of the new key.
        for client in clients:
            response = await client.get("/v1/users/me", headers=acting_as(users[0]))
            assert response.status_code == 200
            login = {"identifier": users[0].email, "password": users[0].password}
            response = await client.post("/v1/auth/login", json=login)
            assert kid_of(response.json()["tokens"]["access_token"]) == kid
    states = await execute("SELECT state FROM signing_key ORDER BY created_at")
    assert [state for (state,) in states] == ["retired", "active"]


@pytest.mark.slow
@pytest.mark.committed
async def test_in_an_emergency_no_old_token_counts_after_five_seconds(
    make_app: MakeApp, conn: Connection, pools: Pools
) -> None:
    ann = await factories.user(conn)
    async with processes(make_app, (OLD,), (OLD,)) as clients:
        for client in clients:  # each has read the keys a moment ago, and keeps the token
            assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200

        kid = await service.drop_signing_keys(pools, factories.SEALER)

        dropped_at = time.monotonic()
        waiting = list(clients)
        while waiting:
            assert time.monotonic() - dropped_at < 5
            await asyncio.sleep(0.1)
            for client in list(waiting):
                response = await client.get("/v1/users/me", headers=acting_as(ann))
                if response.status_code == 401:
                    waiting.remove(client)
        # Nobody has to sign in again.
        body = {"refresh_token": ann.refresh_token}
        response = await clients[0].post("/v1/auth/token/refresh", json=body)
        access = response.json()["tokens"]["access_token"]
        assert kid_of(access) == kid
        response = await clients[1].get("/v1/users/me", headers=bearer(access))
        assert response.status_code == 200


@pytest.mark.slow
@pytest.mark.committed
async def test_the_secret_key_changes_under_load_and_nothing_fails(
    make_app: MakeApp, conn: Connection, pools: Pools
) -> None:
    users = [await factories.user(conn) for _ in range(USERS)]
    stages = [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)]
    async with AsyncExitStack() as stack:

        async def started(keys: tuple[str, ...]) -> AsyncClient:
            return await stack.enter_async_context(
                client_of(make_app(secrets=secrets_of(*keys), limits=UNLIMITED))
            )

        clients = [await started(stages[0]), await started(stages[0])]
        async with loaded(clients, users) as load:
            for stage in stages[1:]:
                if stage == (NEW,):  # nobody needs the old one any more
                    done = await service.reseal(pools, sealer_of(NEW, OLD))
                    assert all(each.lost == 0 for each in done), done
                for place in range(len(clients)):  # one after the other, as a deployment does it
                    clients[place] = await started(stage)
                    await asyncio.sleep(0.5)

        assert load.failed == []
        assert load.count > 50


async def test_a_new_key_signs_at_once_where_nobody_else_must_learn_of_it(
    conn: Connection, pools: Pools, execute: Execute
) -> None:
    assert await service.rotate_signing_keys(pools, factories.SEALER, overlap=0) is None
    await factories.user(conn)
    await execute(
        "UPDATE signing_key SET created_at = now() - interval '1 hour',"
        " activated_at = now() - interval '1 hour'"
    )

    async def announced() -> None:
        await execute(
            "UPDATE signing_key SET created_at = now() - interval '1 minute' WHERE state = 'next'"
        )

    # In a transaction, time stands still: what is announced is made a minute old by hand.
    assert await service.rotate_signing_keys(pools, factories.SEALER, overlap=0) is None
    await announced()
    kid = await service.rotate_signing_keys(pools, factories.SEALER, overlap=0)

    rows = await execute("SELECT kid, state FROM signing_key ORDER BY state")
    assert [state for _, state in rows] == ["active", "retired"]
    assert rows[0][0] == kid
    trail = await execute("SELECT action, detail FROM audit_event")
    assert trail == [("signing_keys.rotated", {"kid": kid, "replaced": 1})]


async def test_dropping_leaves_one_key(conn: Connection, pools: Pools, execute: Execute) -> None:
    await factories.user(conn)
    await execute("UPDATE signing_key SET state = 'retired', retired_at = now()")
    await factories.user(conn)

    kid = await service.drop_signing_keys(pools, factories.SEALER)

    assert await execute("SELECT kid, state FROM signing_key") == [(kid, "active")]
    trail = await execute("SELECT action, detail FROM audit_event")
    assert trail == [("signing_keys.dropped", {"kid": kid, "replaced": 2})]
