"""Who comes too often, and who may not come at all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from src.config import AuthenticationSettings, LimitSettings, RateSettings, Settings, SsoSettings
from src.database import Connection
from tests import factories
from tests.auth.sso import going
from tests.auth.sso.going import PAGE, VERIFIER
from tests.auth.sso.test_doors import code_of
from tests.conftest import Execute, settings_for
from tests.fakes.issuer import Issuer
from tests.http import BASE_URL, problem

ANN: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}


async def by_token(client: AsyncClient, issuer: Issuer, number: int, **claims: Any) -> Response:
    nonce = f"the-app-made-this-up-{number}"
    body = {"id_token": issuer.id_token(nonce, **{**ANN, **claims}), "nonce": nonce}
    return await client.post(f"{going.BASE}/op/token", json=body)


async def by_code(client: AsyncClient, issuer: Issuer) -> Response:
    body = {
        "code": code_of(issuer, **ANN),
        "code_verifier": VERIFIER,
        "redirect_uri": PAGE,
        "nonce": "the-app-made-this-up-for-once",
    }
    return await client.post(f"{going.BASE}/op/code", json=body)


class TestLimits:
    """A service that takes two attempts from an address in five minutes, and three in an hour."""

    @pytest.fixture
    def settings(self, url: str, sso: SsoSettings) -> Settings:
        rates = RateSettings(login_ip=2, login_ip_hour=3)
        return settings_for(url, sso=sso, limits=LimitSettings(rates=rates))

    @pytest.fixture
    async def client(self, app: FastAPI) -> AsyncIterator[AsyncClient]:
        """Somebody from elsewhere: who is on the same machine is not counted."""
        transport = ASGITransport(app=app, client=("203.0.113.7", 5000))
        async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
            yield client

    async def test_tokens_are_counted_by_address_before_the_provider_is_asked(
        self, client: AsyncClient, issuer: Issuer
    ) -> None:
        assert (await by_token(client, issuer, 1)).status_code == 201
        assert (await by_token(client, issuer, 2)).status_code == 200
        problem(await by_token(client, issuer, 3), 429, "rate_limited")
        asked = len(issuer.asked)

        refused = await by_code(client, issuer)

        problem(refused, 429, "rate_limited")
        assert int(refused.headers["retry-after"]) <= 150
        assert len(issuer.asked) == asked

    async def test_codes_are_counted_too(self, client: AsyncClient, issuer: Issuer) -> None:
        answers = [(await by_code(client, issuer)).status_code for _ in range(3)]

        assert answers[2] == 429
        assert 429 not in answers[:2]

    async def test_exchanges_are_counted_too(self, client: AsyncClient) -> None:
        answers = [(await going.exchange(client, "core_once_none")).status_code for _ in range(3)]

        assert answers == [400, 400, 429]

    async def test_whoever_comes_back_too_often_is_sent_on_with_an_error_and_may_try_again(
        self, client: AsyncClient, issuer: Issuer, app: FastAPI, execute: Execute
    ) -> None:
        for _ in range(3):
            assert "login_code" in going.ended(await going.round_trip(client, issuer, **ANN))
        asked = await going.address(client)
        answer = {"code": issuer.authorize(asked, **ANN), "state": going.said(asked)["state"]}

        assert going.ended(await going.come_back(client, **answer)) == {"error": "rate_limited"}

        await execute("DELETE FROM rate_limit")
        app.state.pools.limiter.refusals.clear()
        assert "login_code" in going.ended(await going.come_back(client, **answer))


class TestNoNewAccounts:
    """A service where nobody can sign up."""

    @pytest.fixture
    def settings(self, url: str, sso: SsoSettings) -> Settings:
        return settings_for(url, sso=sso, authentication=AuthenticationSettings(signup="disabled"))

    async def test_no_door_makes_one(
        self, client: AsyncClient, issuer: Issuer, execute: Execute
    ) -> None:
        problem(await by_token(client, issuer, 1), 403, "signup_disabled")
        problem(await by_code(client, issuer), 403, "signup_disabled")
        problem(await going.sign_in(client, issuer, **ANN), 403, "signup_disabled")
        assert await execute("SELECT count(*) FROM account") == [(0,)]
        assert await execute("SELECT count(*) FROM identity") == [(0,)]

    async def test_who_has_one_signs_in_as_ever(
        self, client: AsyncClient, issuer: Issuer, conn: Connection, execute: Execute
    ) -> None:
        ann = await factories.user(conn, email="ann@example.org")
        await execute("UPDATE account SET email_verified_at = now()")

        linked = await by_token(client, issuer, 1)
        known = await by_token(client, issuer, 2, email_verified=False)

        assert (linked.status_code, known.status_code) == (200, 200)
        assert linked.json()["user"]["id"] == known.json()["user"]["id"] == str(ann.id)


@pytest.mark.parametrize("signup", ["open", "private"])
async def test_any_other_service_takes_who_is_new(
    app: FastAPI, url: str, sso: SsoSettings, issuer: Issuer, client: AsyncClient, signup: str
) -> None:
    app.state.settings = settings_for(url, sso=sso, authentication={"signup": signup})

    assert (await by_token(client, issuer, 1)).status_code == 201
