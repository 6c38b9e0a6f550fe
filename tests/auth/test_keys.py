from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from procrastinate import App, JobContext
from procrastinate.jobs import Job
from procrastinate.testing import InMemoryConnector

from src.auth import keys, tasks
from src.auth.constants import ALGORITHM
from src.config import Settings
from src.database import Connection, Pools, conninfo
from src.exceptions import Unavailable
from src.jobs import service as jobs_service
from src.security import Sealer, Unsealable
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, problem

NAME = "auth:rotate_signing_keys"

Rotate = Callable[[], Awaitable[None]]


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def log_in(client: AsyncClient, user: factories.User) -> str:
    body = {"identifier": user.email, "password": user.password}
    response = await client.post("/v1/auth/login", json=body)
    return str(response.json()["tokens"]["access_token"])


def context_of(**additional: object) -> JobContext:
    job = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="x", task_kwargs={})
    return JobContext(
        app=App(connector=InMemoryConnector()),
        job=job,
        start_timestamp=0.0,
        abort_reason=lambda: None,
        additional_context=additional,
    )


@pytest.fixture
def rotate(conn: Connection) -> Rotate:
    """Run the job that rotates keys."""
    context = context_of(pools=factories.lending(conn), sealer=factories.SEALER)

    async def run() -> None:
        await tasks.rotate_signing_keys(context, timestamp=0)

    return run


async def states(execute: Execute) -> list[str]:
    return [
        row[0] for row in await execute("SELECT state FROM signing_key ORDER BY created_at, kid")
    ]


async def test_the_published_keys_verify_a_token(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.get("/.well-known/jwks.json")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "public, max-age=300"
    (key,) = response.json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")
    assert key["kid"] == kid_of(ann.access_token)
    keyset = KeySet.import_key_set(response.json())
    claims = jwt.decode(ann.access_token, keyset, algorithms=[ALGORITHM]).claims
    assert claims["sub"] == str(ann.id)


async def test_the_first_to_ask_makes_the_first_key(client: AsyncClient, execute: Execute) -> None:
    assert await states(execute) == []

    response = await client.get("/.well-known/jwks.json")

    assert len(response.json()["keys"]) == 1
    assert await states(execute) == ["active"]


async def test_a_young_key_stays(conn: Connection, execute: Execute, rotate: Rotate) -> None:
    await factories.user(conn)
    await execute("UPDATE signing_key SET activated_at = now() - interval '89 days'")

    await rotate()

    assert await states(execute) == ["active"]


async def test_keys_change_hands_in_steps_and_nobody_is_signed_out(
    make_client: MakeClient, conn: Connection, execute: Execute, rotate: Rotate
) -> None:
    ann = await factories.user(conn)
    before = kid_of(ann.access_token)

    # Announced after 90 days, once: it is published, and does not sign.
    await execute(
        "UPDATE signing_key SET created_at = now() - interval '91 days',"
        " activated_at = now() - interval '91 days'"
    )
    await rotate()
    await rotate()
    assert await states(execute) == ["active", "next"]
    client = await make_client()
    published = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert len(published) == 2
    assert kid_of(await log_in(client, ann)) == before

    # Signs a day later.
    await execute(
        "UPDATE signing_key SET created_at = now() - interval '25 hours' WHERE state = 'next'"
    )
    await rotate()
    assert await states(execute) == ["retired", "active"]
    client = await make_client()
    assert kid_of(await log_in(client, ann)) == published[1]["kid"]

    # Tokens of the old key live on, but not for ever.
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 2
    await execute(
        "UPDATE signing_key SET retired_at = now() - interval '66 minutes' WHERE state = 'retired'"
    )
    client = await make_client()
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    assert len((await client.get("/.well-known/jwks.json")).json()["keys"]) == 1


async def test_a_process_learns_of_a_new_key_by_its_first_token(
    app: FastAPI,
    client: AsyncClient,
    make_client: MakeClient,
    conn: Connection,
    execute: Execute,
) -> None:
    ann = await factories.user(conn)
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    await execute("UPDATE signing_key SET state = 'retired', retired_at = now()")
    new = await log_in(await make_client(), ann)

    # Keys are read again every five seconds at most.
    ring: Any = app.state.authentication.issuer.keys
    ring._loaded_at -= 6
    headers = {"Authorization": f"Bearer {new}"}

    assert (await client.get("/v1/users/me", headers=headers)).status_code == 200
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200


async def test_a_sealed_key_cannot_be_moved(conn: Connection, execute: Execute) -> None:
    await factories.user(conn)
    await execute("UPDATE signing_key SET state = 'retired', retired_at = now()")
    await factories.user(conn)

    await execute(
        "UPDATE signing_key SET private_key ="
        " (SELECT private_key FROM signing_key WHERE state = 'retired')"
        " WHERE state = 'active'"
    )

    ring = keys.KeyRing(factories.SEALER)
    await ring.ensure(factories.lending(conn))
    with pytest.raises(Unavailable):
        ring.signing_key()


async def test_another_secret_key_opens_nothing(conn: Connection) -> None:
    await factories.user(conn)

    ring = keys.KeyRing(Sealer(b"another key"))
    await ring.ensure(factories.lending(conn))
    with pytest.raises(Unavailable):
        ring.signing_key()


def test_what_is_sealed_opens_in_its_place_unchanged_or_not_at_all() -> None:
    sealer = Sealer(b"key")
    sealed = sealer.seal(b"heron", place="bird.name:1")

    assert sealer.unseal(sealed, place="bird.name:1") == b"heron"
    assert sealer.seal(b"heron", place="bird.name:1") != sealed
    with pytest.raises(Unsealable):
        sealer.unseal(sealed, place="bird.name:2")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unsealable):
            sealer.unseal(bytes(changed), place="bird.name:1")
        with pytest.raises(Unsealable):
            sealer.unseal(sealed[:place], place="bird.name:1")


async def test_sessions_are_forgotten_a_month_after_their_end(
    conn: Connection, execute: Execute
) -> None:
    old, new = await factories.user(conn), await factories.user(conn)
    await execute(
        "UPDATE session SET expires_at = now() - interval '31 days' WHERE id = %(id)s",
        id=old.session_id,
    )
    await execute(
        "UPDATE session SET expires_at = now() - interval '29 days' WHERE id = %(id)s",
        id=new.session_id,
    )

    await tasks.purge_sessions(context_of(pools=factories.lending(conn)), timestamp=0)

    assert await execute("SELECT id FROM session") == [(new.session_id,)]


@pytest.mark.committed
async def test_the_worker_runs_the_rotation(
    settings: Settings, pools: Pools, conn: Connection, execute: Execute
) -> None:
    await factories.user(conn)
    await execute("UPDATE signing_key SET activated_at = now() - interval '91 days'")
    app = jobs_service.make_app(conninfo(settings.database), {"auth": tasks.blueprint})

    async with app.open_async():
        await app.configure_task(NAME).defer_async(timestamp=0)
        await app.run_worker_async(
            wait=False,
            install_signal_handlers=False,
            additional_context={"pools": pools, "sealer": factories.SEALER},
        )

    assert await states(execute) == ["active", "next"]
    rows = await execute(
        "SELECT status::text FROM procrastinate_jobs"
        " WHERE task_name = %(name)s AND args ->> 'timestamp' = '0'",
        name=NAME,
    )
    # Ours alone: at some minutes the worker's own clock adds another, for it or for the next one.
    assert rows == [("succeeded",)]
