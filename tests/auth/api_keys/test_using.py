"""What a key may do: what its scopes name, of what its owner may at that moment."""

import asyncio

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.auth.api_keys import spelling
from src.auth.callers import Callers
from src.config import AuthenticationSettings
from src.database import Pools, Transaction
from src.permissions import Scope
from tests import factories
from tests.auth.test_callers import Counted
from tests.conftest import Execute, MakeClient, RawConnection, app_for, settings_for
from tests.http import acting_as, bearer, client_of, problem


async def test_without_the_scope_it_is_told_which(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann, Scope.PROFILE_READ))

    response = await client.get("/v1/teams", headers=key)

    assert "`teams:read`" in problem(response, 403, "insufficient_scope")["detail"]
    assert response.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", scope="teams:read"'
    )
    assert (await client.get("/v1/users/me", headers=key)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/users/me/api-keys"),
        ("GET", "/v1/users/me/sessions"),
        ("DELETE", "/v1/users/me/sessions"),
        ("GET", "/v1/auth/session"),
        ("POST", "/v1/auth/logout"),
        ("POST", "/v1/users/me/mfa/totp"),
        ("GET", "/v1/admin/users"),
    ],
)
async def test_no_key_signs_makes_or_operates(
    client: AsyncClient, conn: Transaction, method: str, path: str
) -> None:
    admin = await factories.operator(conn)
    key = bearer(await factories.api_key(conn, admin))

    problem(await client.request(method, path, headers=key), 403, "api_key_not_accepted")


async def test_a_role_that_is_taken_away_is_gone_for_the_key_at_once(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    team = await factories.team(conn, owner=await factories.user(conn))
    ann = await factories.member(conn, team=team)
    key = bearer(await factories.api_key(conn, ann))
    url = f"/v1/teams/{team.id}"
    assert (await client.get(url, headers=key)).status_code == 200
    renamed = await client.patch(url, json={"name": "Owls"}, headers={**key, "If-Match": "*"})
    problem(renamed, 403, "role_too_low")

    await execute("DELETE FROM team_member WHERE account_id = %(id)s", id=ann.id)

    problem(await client.get(url, headers=key), 404, "team_not_found")


@pytest.mark.parametrize("status", ["disabled", "deleting"])
async def test_with_its_owners_account_a_key_is_dead_at_once(
    client: AsyncClient, conn: Transaction, execute: Execute, status: str
) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann))
    assert (await client.get("/v1/users/me", headers=key)).status_code == 200

    await execute(
        "UPDATE account SET status = %(status)s,"
        " erase_at = CASE %(status)s WHEN 'deleting' THEN now() END",
        status=status,
    )

    problem(await client.get("/v1/users/me", headers=key), 401, "invalid_token")


async def test_it_outlives_a_sign_out_everywhere(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann))

    await client.post("/v1/auth/logout", json={"scope": "all"}, headers=acting_as(ann))

    assert (await client.get("/v1/users/me", headers=key)).status_code == 200


async def test_where_a_verified_email_is_required_a_key_does_no_more_than_its_owner(
    make_client: MakeClient, conn: Transaction, execute: Execute
) -> None:
    strict = await make_client(authentication=AuthenticationSettings(require_verified_email=True))
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann))
    assert (await strict.get("/v1/users/me", headers=key)).status_code == 200
    problem(await strict.get("/v1/teams", headers=key), 403, "email_not_verified")

    await execute("UPDATE account SET email_verified_at = now()")

    assert (await strict.get("/v1/teams", headers=key)).status_code == 200


async def test_in_a_cookie_it_is_nothing(client: AsyncClient, conn: Transaction) -> None:
    key = await factories.api_key(conn, await factories.user(conn))

    refused = await client.get("/v1/users/me", headers={"Cookie": f"core_at={key}"})

    problem(refused, 401, "invalid_token")


async def test_its_account_is_shown_as_to_a_session(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann))

    by_key = await client.get("/v1/users/me", headers=key)

    assert by_key.json() == (await client.get("/v1/users/me", headers=acting_as(ann))).json()


async def test_a_repeated_post_is_answered_alike_to_the_same_key_only(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann, Scope.TEAMS_JOIN))
    reader = bearer(await factories.api_key(conn, ann, Scope.TEAMS_READ))
    named = {"Idempotency-Key": "retry"}

    async def create(who: dict[str, str]) -> tuple[int, str]:
        response = await client.post("/v1/teams", json={"name": "Birds"}, headers={**who, **named})
        return response.status_code, response.text

    first = await create(key)
    assert first[0] == 201
    assert await create(key) == first
    assert await execute("SELECT count(*) FROM team") == [(1,)]
    assert (await create(reader))[0] == 403
    assert (await create(acting_as(ann)))[0] == 201
    assert await execute("SELECT count(*) FROM team") == [(2,)]


async def test_keys_that_come_together_are_read_together(
    conn: Transaction, raw: RawConnection
) -> None:
    users = [await factories.user(conn) for _ in range(3)]
    hashes = [spelling.read(await factories.api_key(conn, user)).hash for user in users]
    counted, callers = Counted(raw, deadline=10), Callers()

    found = await asyncio.gather(
        *(callers.holder_of(counted, each) for each in [*hashes, *hashes, b"unknown"])
    )

    assert [one and one.id for one in found] == [*(user.id for user in users)] * 2 + [None]
    assert counted.count == 1


async def test_its_use_is_written_down_later_and_every_few_minutes(
    app: FastAPI, client: AsyncClient, conn: Transaction, pools: Pools, execute: Execute
) -> None:
    ann = await factories.user(conn)
    key = bearer(await factories.api_key(conn, ann))
    uses, last_used = app.state.authentication.key_uses, "SELECT last_used_at FROM api_key"

    async def use() -> object:
        assert (await client.get("/v1/users/me", headers=key)).status_code == 200
        await uses.write_down(pools.write.single)
        ((at,),) = await execute(last_used)
        return at

    assert (await client.get("/v1/users/me", headers=key)).status_code == 200
    assert await execute(last_used) == [(None,)]
    assert await use() is not None
    for minutes, is_written in ((4, False), (6, True)):
        await execute(f"UPDATE api_key SET last_used_at = now() - interval '{minutes} minutes'")
        ((before,),) = await execute(last_used)
        assert (await use() != before) is is_written


@pytest.mark.committed
async def test_the_last_uses_are_written_when_the_application_ends(
    url: str, conn: Transaction, execute: Execute, are_compiled: bool
) -> None:
    key = bearer(await factories.api_key(conn, await factories.user(conn)))
    app = app_for(settings_for(url), compiled=are_compiled)
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/v1/users/me", headers=key)).status_code == 200

    assert await execute("SELECT count(*) FROM api_key WHERE last_used_at IS NOT NULL") == [(1,)]


async def test_a_database_that_is_away_costs_no_more_than_the_note(
    raw: RawConnection, conn: Transaction, app: FastAPI, client: AsyncClient
) -> None:
    key = bearer(await factories.api_key(conn, await factories.user(conn)))
    away = Counted(raw, deadline=10)
    away.is_away = True
    assert (await client.get("/v1/users/me", headers=key)).status_code == 200

    async with app.state.authentication.key_uses.written_down(away):
        pass

    assert away.count == 1
