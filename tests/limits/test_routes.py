"""Limits where they are met: over HTTP, at the routes that have them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from src.config import LimitSettings, RateSettings
from src.constants import Environment
from src.database import Connection
from tests import factories
from tests.conftest import Execute, MakeApp
from tests.http import BASE_URL, problem

IP = "203.0.113.7"
PROXY = "10.0.0.1"


def limits(**numbers: int) -> LimitSettings:
    return LimitSettings(rates=RateSettings(**numbers))


@asynccontextmanager
async def called(app: Any, peer: str = IP) -> AsyncIterator[AsyncClient]:
    """A client whose connections come from this address."""
    transport = ASGITransport(app=app, client=(peer, 5000), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


async def log_in(
    client: AsyncClient,
    identifier: str = "no@example.org",
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {"identifier": identifier, "password": factories.PASSWORD}
    return await client.post("/v1/auth/login", json=body, headers=dict(headers or {}))


async def sign_up(client: AsyncClient, number: int) -> Response:
    body = {"email": f"new{number}@example.org", "password": "a long sentence about otters"}
    return await client.post("/v1/auth/signup", json=body)


@pytest.mark.parametrize(
    ("rule", "other", "window"),
    [("login_ip", "login_ip_hour", 300), ("login_ip_hour", "login_ip", 3600)],
)
async def test_sign_ins_are_counted_by_address(
    make_app: MakeApp, conn: Connection, execute: Execute, rule: str, other: str, window: int
) -> None:
    ann = await factories.user(conn)
    app = make_app(limits=limits(**{rule: 3, other: 0, "login_failures": 0}))
    async with called(app) as client, called(app, "203.0.113.8") as elsewhere:
        # Right ones count too: whoever has one account could else guess at others between.
        assert (await log_in(client, ann.email)).status_code == 200
        for _ in range(2):
            problem(await log_in(client), 401, "invalid_credentials")
        refused = await log_in(client, ann.email)
        assert (await log_in(elsewhere, ann.email)).status_code == 200

        problem(refused, 429, "rate_limited")
        step = window // 3
        assert step - 5 < int(refused.headers["retry-after"]) <= step

        await execute("UPDATE rate_limit SET tat = tat - %(step)s * interval '1 second'", step=step)
        app.state.pools.limiter.refusals.clear()
        assert (await log_in(client, ann.email)).status_code == 200
        problem(await log_in(client, ann.email), 429, "rate_limited")


async def test_answers_tell_how_the_caller_stands(make_app: MakeApp) -> None:
    app = make_app(limits=limits(login_ip=2, login_ip_hour=9))
    async with called(app) as client:
        first, _, refused = [await log_in(client) for _ in range(3)]

        assert (
            first.headers["ratelimit-policy"] == '"login_ip";q=2;w=300, "login_ip_hour";q=9;w=3600'
        )
        assert first.headers["ratelimit"] == '"login_ip";r=1;t=150, "login_ip_hour";r=8;t=400'
        assert refused.headers["ratelimit-policy"] == '"login_ip";q=2;w=300'
        assert refused.headers["ratelimit"] == (
            f'"login_ip";r=0;t={refused.headers["retry-after"]}'
        )
        other = await client.get("/v1/ping")
        assert "ratelimit" not in other.headers


async def test_sign_ups_are_counted_by_address(make_app: MakeApp) -> None:
    app = make_app(limits=limits(signup_ip=2))
    async with called(app) as client, called(app, "203.0.113.8") as elsewhere:
        assert [(await sign_up(client, number)).status_code for number in range(2)] == [201, 201]
        problem(await sign_up(client, 3), 429, "rate_limited")
        assert (await sign_up(elsewhere, 4)).status_code == 201


async def test_a_session_is_refreshed_so_often(
    make_app: MakeApp, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    app = make_app(limits=limits(refresh_session=2))
    async with called(app) as client:

        async def refresh(token: str) -> Response:
            return await client.post("/v1/auth/token/refresh", json={"refresh_token": token})

        token = ann.refresh_token
        forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
        for _ in range(5):  # what is not the session's is not counted for it
            problem(await refresh(forged), 401, "refresh_invalid")
        for _ in range(2):
            response = await refresh(token)
            assert response.status_code == 200, response.text
            token = response.json()["tokens"]["refresh_token"]
        problem(await refresh(token), 429, "rate_limited")
        assert (await refresh(bob.refresh_token)).status_code == 200

        await execute("UPDATE rate_limit SET tat = tat - interval '30 seconds'")
        app.state.pools.limiter.refusals.clear()
        assert (await refresh(token)).status_code == 200


async def test_what_a_caller_says_of_his_address_does_not_help(make_app: MakeApp) -> None:
    app = make_app(limits=limits(login_ip=2))
    async with called(app) as client:
        answers = [
            await log_in(
                client,
                headers={
                    "X-Forwarded-For": f"198.51.100.{number}",
                    "X-Real-IP": f"198.51.100.{number}",
                    "Forwarded": f"for=198.51.100.{number}",
                },
            )
            for number in range(3)
        ]

    assert [answer.status_code for answer in answers] == [401, 401, 429]


async def test_behind_a_trusted_proxy_its_callers_are_counted(make_app: MakeApp) -> None:
    app = make_app(limits=limits(login_ip=2), trusted_proxies=("10.0.0.0/8",))
    async with called(app, PROXY) as client:

        async def answers(hops: str) -> list[int]:
            sent = {"X-Forwarded-For": hops}
            return [(await log_in(client, headers=sent)).status_code for _ in range(3)]

        assert await answers(IP) == [401, 401, 429]
        assert await answers("203.0.113.8") == [401, 401, 429]
        assert await answers(f"198.51.100.1, {IP}, 10.0.0.2") == [429, 429, 429]
        assert await answers("2001:db8::1") == [401, 401, 429]
        assert await answers("2001:db8::ffff:1") == [429, 429, 429]


async def test_in_production_callers_on_the_machine_are_counted(make_app: MakeApp) -> None:
    app = make_app(limits=limits(login_ip=1), environment=Environment.PRODUCTION)
    async with called(app, "127.0.0.1") as client:
        assert [(await log_in(client)).status_code for _ in range(2)] == [401, 429]


async def test_a_lost_table_is_a_lost_database(make_app: MakeApp, execute: Execute) -> None:
    await execute("DROP TABLE rate_limit")
    async with called(make_app()) as client:
        response = await log_in(client)

    assert response.status_code >= 500


async def test_scripts_of_other_origins_may_read_and_send_the_fields(make_app: MakeApp) -> None:
    origin = "https://app.example.org"
    app = make_app(limits=limits(login_ip=1), cors={"allow_origins": [origin]})
    async with called(app) as client:
        answers = [await log_in(client, headers={"Origin": origin}) for _ in range(2)]
        asked = await client.options(
            "/v1/auth/login",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "idempotency-key",
            },
        )

    exposed = answers[1].headers["access-control-expose-headers"]
    assert answers[1].status_code == 429
    assert {"RateLimit", "RateLimit-Policy", "Idempotency-Replayed"} <= set(exposed.split(", "))
    assert asked.status_code == 200
