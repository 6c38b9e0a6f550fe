"""The general limit, of a process by itself."""

import pytest
from httpx2 import ASGITransport, AsyncClient

from src.config import LimitSettings, RateSettings
from src.limits.middleware import GeneralLimit, Quota
from src.main import create_app
from tests.conftest import Execute, MakeApp, MakeClient, settings_for
from tests.http import BASE_URL, bearer, problem


def test_so_many_are_allowed_and_more_come_back_evenly() -> None:
    quota = Quota("api", 4, 10)

    def allowed(caller: bytes, at: float, times: int = 9) -> int:
        return sum(quota.count(caller, at).is_allowed for _ in range(times))

    assert allowed(b"a", 100) == 4
    assert allowed(b"b", 100) == 4
    assert quota.count(b"a", 100).retry_after == pytest.approx(2.5)
    assert allowed(b"a", 102.4) == 0
    assert allowed(b"a", 102.5) == 1
    assert allowed(b"a", 112.5) == 4


def test_callers_are_remembered_in_bounds() -> None:
    quota = Quota("api", 1, 10, size=3)
    for number in range(5):
        assert quota.count(bytes([number]), 100 + number).is_allowed

    assert not quota.count(bytes([4]), 104).is_allowed
    assert quota.count(bytes([0]), 104).is_allowed


async def test_it_is_off_unless_a_setting_asks_for_it(
    make_client: MakeClient, url: str, execute: Execute
) -> None:
    client = await make_client()

    responses = [await client.get("/v1/ping") for _ in range(120)]

    assert {response.status_code for response in responses} == {200}
    assert "ratelimit" not in responses[0].headers
    assert _layers(settings_limits=LimitSettings(), url=url) == 0
    on = LimitSettings(rates=RateSettings(api_burst=100))
    assert _layers(settings_limits=on, url=url) == 1


def _layers(*, settings_limits: LimitSettings, url: str) -> int:
    """How often the middleware stands before the routes."""
    app = create_app(settings_for(url, limits=settings_limits))
    found, layer = 0, vars(app)["_outermost"]
    while layer is not None:
        found += isinstance(layer, GeneralLimit)
        layer = getattr(layer, "app", None)
    return found


async def test_requests_of_all_kinds_count_together(make_client: MakeClient) -> None:
    client = await make_client(limits=LimitSettings(rates=RateSettings(api_burst=3)))

    answers = [await client.get(path) for path in ("/v1/ping", "/v1/nowhere", "/v1/users/me")]
    refused = await client.get("/v1/ping")
    with_token = await client.get("/v1/ping", headers=bearer("x"))

    assert [answer.status_code for answer in answers] == [200, 404, 401]
    problem(refused, 429, "rate_limited")
    assert refused.headers["ratelimit-policy"] == '"api_burst";q=3;w=10'
    assert refused.headers["ratelimit"] == f'"api_burst";r=0;t={refused.headers["retry-after"]}'
    assert with_token.status_code == 200
    assert with_token.headers["ratelimit"].startswith('"api_burst";r=2;t=')


async def test_addresses_of_one_network_count_together(make_app: MakeApp) -> None:
    app = make_app(limits=LimitSettings(rates=RateSettings(api_minute=1)))

    async def status(peer: str) -> int:
        transport = ASGITransport(app=app, client=(peer, 1))
        async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return (await client.get("/v1/ping")).status_code

    assert [await status(peer) for peer in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [
        200,
        429,
        200,
    ]
