import asyncio
import time
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from joserfc import jwt

from src.auth.constants import ALGORITHM, TOKEN_TYPE
from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, bearer, problem


async def log_out(
    client: AsyncClient, body: dict[str, str] | None = None, **options: Any
) -> Response:
    return await client.post("/v1/auth/logout", json=body, **options)


async def is_alive(client: AsyncClient, user: factories.User) -> bool:
    response = await client.get("/v1/users/me", headers=acting_as(user))
    if response.status_code == 200:
        return True
    problem(response, 401, "invalid_token")
    return False


async def expired(conn: Connection, user: factories.User) -> str:
    """An access token of the user's session that was good an hour ago."""
    kid, key = (await factories.issuer_of(conn)).keys.signing_key()
    claims = jwt.decode(user.access_token, key, algorithms=[ALGORITHM]).claims
    then = int(time.time()) - 3600
    return jwt.encode(
        {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": kid},
        {**claims, "iat": then, "exp": then + 600},
        key,
        algorithms=[ALGORITHM],
    )


@pytest.mark.parametrize(
    ("scope", "alive"),
    [("current", [False, True, True]), ("others", [True, False, True]), ("all", [False] * 2)],
)
async def test_signing_out_ends_what_its_scope_says(
    client: AsyncClient, conn: Connection, execute: Execute, scope: str, alive: list[bool]
) -> None:
    here, bob = await factories.user(conn), await factories.user(conn)
    there = await factories.session(conn, here)

    response = await log_out(client, {"scope": scope}, headers=acting_as(here))

    assert response.status_code == 204, response.text
    assert response.content == b""
    users = [here, there, bob]
    for user, expected in zip(users, alive, strict=False):
        assert await is_alive(client, user) is expected
    assert await is_alive(client, bob)
    ((actor, session_id, detail),) = await execute(
        "SELECT actor_id, object_id, detail FROM audit_event WHERE action = 'session.revoked'"
    )
    assert (actor, session_id) == (here.id, here.session_id)
    assert detail == {"scope": scope, "ended": alive[:2].count(False)}


async def test_without_a_body_this_session_ends(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.post("/v1/auth/logout", headers=acting_as(ann))

    assert response.status_code == 204, response.text
    assert not await is_alive(client, ann)


async def test_an_ended_session_cannot_be_refreshed(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    await log_out(client, headers=acting_as(ann))

    response = await client.post(
        "/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token}
    )

    problem(response, 401, "refresh_invalid")


async def test_nobody_signs_out_twice(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    await log_out(client, headers=acting_as(ann))

    problem(await log_out(client, headers=acting_as(ann)), 401, "invalid_token")


async def test_an_expired_access_token_alone_is_worth_nothing(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    headers = bearer(await expired(conn, ann))

    problem(await client.get("/v1/users/me", headers=headers), 401, "invalid_token")
    problem(await log_out(client, headers=headers), 401, "invalid_token")
    problem(await client.post("/v1/auth/token/refresh", headers=headers), 401, "refresh_invalid")

    assert await is_alive(client, ann)


async def test_a_refresh_token_signs_out_where_the_access_token_has_expired(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    response = await log_out(
        client,
        {"refresh_token": ann.refresh_token},
        headers=bearer(await expired(conn, ann)),
    )

    assert response.status_code == 204, response.text
    assert not await is_alive(client, ann)


async def test_a_refresh_token_can_end_every_session(client: AsyncClient, conn: Connection) -> None:
    here = await factories.user(conn)
    there = await factories.session(conn, here)

    body = {"refresh_token": here.refresh_token, "scope": "all"}

    assert (await log_out(client, body)).status_code == 204
    assert not await is_alive(client, there)


@pytest.mark.parametrize("token", ["", "core_rt_", "x", "core_rt_" + "A" * 70])
async def test_a_refresh_token_that_is_none_signs_nobody_out(
    client: AsyncClient, conn: Connection, token: str
) -> None:
    ann = await factories.user(conn)

    response = await log_out(client, {"refresh_token": token}, headers=acting_as(ann))

    problem(response, *((401, "refresh_invalid") if token else (422, "validation_failed")))
    assert await is_alive(client, ann)


async def test_a_spent_or_expired_refresh_token_signs_nobody_out(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await client.post("/v1/auth/token/refresh", json={"refresh_token": ann.refresh_token})
    await execute("UPDATE session SET idle_expires_at = now() WHERE id = %(id)s", id=bob.session_id)

    for user in (ann, bob):
        response = await log_out(client, {"refresh_token": user.refresh_token})
        problem(response, 401, "refresh_invalid")

    assert await is_alive(client, ann)


async def test_without_any_token_there_is_nobody_to_sign_out(client: AsyncClient) -> None:
    problem(await log_out(client), 401, "refresh_invalid")


async def test_an_unknown_scope_is_refused(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await log_out(client, {"scope": "everyone"}, headers=acting_as(ann))

    problem(response, 422, "validation_failed")
    assert await is_alive(client, ann)


@pytest.mark.committed
async def test_signing_out_everywhere_at_once_takes_turns(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    sessions = [ann, *[await factories.session(conn, ann) for _ in range(5)]]

    responses = await asyncio.gather(
        *(
            client.post("/v1/auth/logout", json={"scope": "all"}, headers=acting_as(session))
            for session in sessions
        )
    )

    assert {response.status_code for response in responses} <= {204, 401}
