"""While far more passwords are wrong than usual, signing in takes a CAPTCHA."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import SecretStr

from src.auth.captcha import client as captcha_client
from src.auth.captcha import service
from src.auth.captcha.client import Captcha
from src.auth.captcha.service import Share
from src.config import CaptchaSettings, Settings
from src.database import Connection, Pools
from tests import factories
from tests.auth.test_lockout_of_devices import known_device
from tests.conftest import Execute, settings_for
from tests.fakes.siteverify import SECRET, Siteverify
from tests.http import problem

GIVEN: dict[str, Any] = {"provider": "turnstile", "secret": SecretStr(SECRET)}
Provide = Callable[..., None]


@pytest.fixture
def vendor() -> Siteverify:
    return Siteverify(solved={"solved"})


@pytest.fixture
def provide(app: FastAPI, vendor: Siteverify) -> Provide:
    """Set a vendor up, or none: `provide(score=0.7)`."""

    def made(settings: CaptchaSettings | None = None, **changes: Any) -> None:
        given = settings or CaptchaSettings(**{**GIVEN, **changes})
        captcha = Captcha(given, transport=ASGITransport(vendor.app))
        app.state.authentication = replace(app.state.authentication, captcha=captcha)

    made()
    return made


@pytest.fixture
async def ann(conn: Connection) -> factories.User:
    return await factories.user(conn)


async def log_in(
    client: AsyncClient, user: factories.User, token: str | None = None, **changes: Any
) -> Response:
    body = {"identifier": user.email, "password": factories.PASSWORD, **changes}
    if token is not None:
        body["captcha_token"] = token
    return await client.post("/v1/auth/login", json=body)


async def counted(execute: Execute, minutes_ago: int, attempts: int, failures: int) -> None:
    await execute(
        "INSERT INTO login_outcome (minute, attempts, failures)"
        " VALUES (date_trunc('minute', now()) - %(ago)s * interval '1 minute', %(all)s, %(bad)s)",
        ago=minutes_ago,
        all=attempts,
        bad=failures,
    )


async def attack(execute: Execute) -> None:
    """Lately half of many passwords were wrong; before, one of twenty."""
    await counted(execute, 1, 400, 200)
    await counted(execute, 60, 2000, 100)


@pytest.mark.usefixtures("provide")
async def test_usually_none_is_asked_for(
    client: AsyncClient, ann: factories.User, vendor: Siteverify, execute: Execute
) -> None:
    await counted(execute, 1, 400, 90)

    assert (await log_in(client, ann)).status_code == 200
    assert (await log_in(client, ann, "never mind")).status_code == 200
    assert vendor.asked == []


@pytest.mark.usefixtures("provide")
async def test_under_attack_only_who_solves_one_gets_further(
    client: AsyncClient, ann: factories.User, vendor: Siteverify, execute: Execute
) -> None:
    await attack(execute)

    # Whether the password is right is not told, and it is not counted.
    for password in (factories.PASSWORD, "not the password at all"):
        problem(await log_in(client, ann, password=password), 403, "captcha_required")
        problem(await log_in(client, ann, "made up", password=password), 403, "captcha_required")
    assert await execute("SELECT * FROM login_attempt") == []
    assert (await log_in(client, ann, "solved")).status_code == 200
    problem(await log_in(client, ann, "solved"), 403, "captcha_required")
    assert vendor.asked[0] == {
        "secret": SECRET,
        "response": "made up",
        "remoteip": "127.0.0.1",
        "address": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    }


@pytest.mark.usefixtures("provide")
async def test_a_known_device_needs_none(
    client: AsyncClient, ann: factories.User, app: FastAPI, execute: Execute
) -> None:
    device_id, secret = await known_device(client, ann)
    await attack(execute)
    app.state.pools.limiter.outcomes.are_due(-1)
    app.state.pools.limiter.outcomes.is_unusual = True

    async def from_device(secret: str) -> Response:
        return await client.post(
            "/v1/auth/login",
            json={
                "identifier": ann.email,
                "password": factories.PASSWORD,
                "device": {"id": device_id, "type": "ios"},
            },
            headers={"X-Device-Secret": secret},
        )

    problem(await from_device("another"), 403, "captcha_required")
    assert (await from_device(secret)).status_code == 200


async def test_without_a_vendor_the_log_says_so_and_everybody_signs_in(
    client: AsyncClient,
    ann: factories.User,
    provide: Provide,
    execute: Execute,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provide(CaptchaSettings())
    await attack(execute)

    with caplog.at_level(logging.ERROR):
        assert (await log_in(client, ann)).status_code == 200

    assert "far more passwords are wrong than usual" in caplog.text


@pytest.mark.parametrize("fault", ["500", "502", "429", "slow"])
async def test_a_vendor_that_does_not_answer_keeps_nobody_out(
    client: AsyncClient,
    ann: factories.User,
    app: FastAPI,
    provide: Provide,
    vendor: Siteverify,
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(captcha_client, "TIMEOUT", 0.2)
    await attack(execute)
    vendor.fault = fault

    assert (await log_in(client, ann, "made up")).status_code == 200
    assert app.state.authentication.captcha.asked == {"no_answer": 1}
    # Nobody gets around being asked by sending nothing.
    problem(await log_in(client, ann), 403, "captcha_required")


@pytest.mark.parametrize("fault", ["400", "403", "413", "414", "302", "garbage", "list"])
async def test_nobody_gets_past_by_what_the_vendor_cannot_read(
    client: AsyncClient,
    ann: factories.User,
    app: FastAPI,
    provide: Provide,
    vendor: Siteverify,
    execute: Execute,
    fault: str,
) -> None:
    provide()
    await attack(execute)
    vendor.fault = fault

    problem(await log_in(client, ann, "made up"), 403, "captcha_required")
    assert app.state.authentication.captcha.asked == {"refused": 1}


@pytest.mark.parametrize("code", ["bad-request", "sitekey-secret-mismatch", "timeout-or-duplicate"])
async def test_an_error_that_a_client_can_bring_about_lets_nobody_past(
    client: AsyncClient,
    ann: factories.User,
    provide: Provide,
    vendor: Siteverify,
    execute: Execute,
    code: str,
) -> None:
    provide(provider="hcaptcha")
    vendor.extra = {"error-codes": [code]}
    await attack(execute)

    problem(await log_in(client, ann, "made up"), 403, "captcha_required")


async def test_a_vendor_that_does_not_know_us_keeps_nobody_out(
    client: AsyncClient, ann: factories.User, provide: Provide, execute: Execute
) -> None:
    provide(secret=SecretStr("of somebody else"))
    await attack(execute)

    assert (await log_in(client, ann, "made up")).status_code == 200


@pytest.mark.parametrize(
    ("given", "extra", "status"),
    [
        ({"hosts": ("app.example.org",)}, {}, 200),
        ({"hosts": ("app.example.org",)}, {"hostname": "evil.example"}, 403),
        ({"provider": "recaptcha"}, {"score": 0.9}, 200),
        ({"provider": "recaptcha"}, {"score": 0.3}, 403),
        ({"provider": "recaptcha", "score": 0.2}, {"score": 0.3}, 200),
        ({"provider": "recaptcha"}, {}, 200),
        ({"provider": "hcaptcha"}, {"score": 0.3}, 200),
        ({}, {"success": "true"}, 403),
    ],
)
async def test_what_else_the_vendor_says_counts(
    client: AsyncClient,
    ann: factories.User,
    provide: Provide,
    vendor: Siteverify,
    execute: Execute,
    given: dict[str, Any],
    extra: dict[str, Any],
    status: int,
) -> None:
    provide(**given)
    vendor.extra = extra
    await attack(execute)

    assert (await log_in(client, ann, "solved")).status_code == status


class TestSignup:
    """A service where signing up always takes one."""

    @pytest.fixture
    def settings(self, url: str) -> Settings:
        return settings_for(url, captcha=CaptchaSettings(**GIVEN, signup=True))

    @pytest.mark.usefixtures("provide")
    async def test_signing_up_takes_one(self, client: AsyncClient, execute: Execute) -> None:
        body = {"email": "new@example.org", "password": factories.PASSWORD}

        for token in (None, "made up"):
            response = await client.post("/v1/auth/signup", json={**body, "captcha_token": token})
            problem(response, 403, "captcha_required")
        assert await execute("SELECT count(*) FROM account") == [(0,)]
        response = await client.post("/v1/auth/signup", json=body | {"captcha_token": "solved"})
        assert response.status_code == 201, response.text


async def test_signing_up_takes_none_unless_a_setting_says_so(
    client: AsyncClient, provide: Provide, vendor: Siteverify
) -> None:
    provide()
    body = {"email": "new@example.org", "password": factories.PASSWORD}

    assert (await client.post("/v1/auth/signup", json=body)).status_code == 201
    assert vendor.asked == []


def test_a_vendor_needs_its_secret() -> None:
    with pytest.raises(ValueError, match="PROVIDER and SECRET together"):
        CaptchaSettings(provider="hcaptcha")


@pytest.mark.parametrize(
    ("share", "is_unusual"),
    [
        (Share(0, 0, 0, 0), False),
        (Share(99, 99, 1000, 10), False),
        (Share(100, 100, 0, 0), True),
        (Share(1000, 200, 100_000, 2000), False),  # 5 * 4 %, though 2 % are usual
        (Share(1000, 201, 100_000, 2000), True),
        (Share(1000, 500, 100_000, 10_000), False),  # 5 * 10 %
        (Share(1000, 501, 100_000, 10_000), True),
        (Share(1000, 900, 100_000, 60_000), False),  # never more than 90 %
        (Share(1000, 901, 100_000, 60_000), True),
    ],
)
def test_an_attack_is_five_times_the_usual_share(share: Share, is_unusual: bool) -> None:
    assert share.is_unusual is is_unusual


async def test_what_all_processes_have_seen_is_added_up_by_the_minute(
    client: AsyncClient,
    ann: factories.User,
    app: FastAPI,
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "LOOK_SECONDS", 0)
    await execute(
        "INSERT INTO login_outcome (minute, attempts, failures)"
        " VALUES (date_trunc('minute', now()), 10, 4), (now() - interval '1 hour', 7, 1),"
        " (now() - interval '25 hours', 100, 100)"
    )
    await log_in(client, ann)
    for _ in range(3):
        await log_in(client, ann, password="not the password at all")

    assert not await service.is_attacked(app.state.pools)

    share = await service._share(app.state.pools.deciding.single, minutes=5)
    assert (share.attempts, share.failures) == (14, 7)
    assert (share.usual_attempts, share.usual_failures) == (7, 1)
    assert app.state.pools.limiter.outcomes.seen == {"right": 1, "wrong": 3}


async def test_a_process_asks_every_two_seconds_at_most(
    client: AsyncClient,
    ann: factories.User,
    provide: Provide,
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provide()
    assert (await log_in(client, ann)).status_code == 200
    await attack(execute)
    monkeypatch.setattr(service, "LOOK_SECONDS", 3600)
    assert (await log_in(client, ann)).status_code == 200

    monkeypatch.setattr(service, "LOOK_SECONDS", 0)
    problem(await log_in(client, ann), 403, "captcha_required")


async def test_minutes_of_before_yesterday_are_forgotten(execute: Execute, pools: Pools) -> None:
    await counted(execute, 60 * 47, 1, 1)
    await counted(execute, 60 * 49, 1, 1)

    assert await service.purge(pools.write.single) == 1
