"""Defect 16: the way back from the provider called a function in a way that it did not take, so
that nobody could sign in. Here a real provider answers over HTTP, and all of the way is gone."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.auth.sso.client import Providers
from src.auth.sso.flows import challenge_of
from src.config import Settings, SsoSettings
from tests.auth.sso import going
from tests.conftest import AppBy, settings_for
from tests.fakes import provider
from tests.http import bearer, problem

NONCE = "the-page-made-this-up-for-once"


@pytest.fixture(scope="module")
def url_of_provider() -> Iterator[str]:
    with provider.serving() as url:
        yield url


@pytest.fixture
def settings(url: str, url_of_provider: str) -> Settings:
    sso = {
        "providers": {
            "mock": {
                "issuer": url_of_provider,
                "client_id": "core",
                "client_secret": "kept-by-the-test",
                "trusted_email_domains": "example.org",
            }
        },
        "redirects": going.PAGE,
    }
    return settings_for(url, sso=SsoSettings.model_validate(sso))


@pytest.fixture
def app(app_by: AppBy, are_compiled: bool, settings: Settings) -> FastAPI:
    """The application, which speaks to the provider over HTTP."""
    app = app_by(is_compiled=are_compiled)
    app.state.sso = Providers(settings)
    return app


@pytest.fixture
async def ann(url_of_provider: str) -> str:
    sub = f"ann-{uuid4()}"
    await provider.register(
        url_of_provider, sub, email=f"{sub}@example.org", email_verified=True, given_name="Ann"
    )
    return sub


async def test_through_the_browser(client: AsyncClient, ann: str) -> None:
    asked = await going.address(client, "mock")
    back = await provider.authorize(asked, sub=ann)
    assert back.startswith("http://test.local/v1/auth/sso/mock/callback?")

    returned = await client.get(back)
    made = await going.exchange(client, going.ended(returned)["login_code"])

    assert made.status_code == 201, made.text
    assert made.json()["user"]["email"] == f"{ann}@example.org"
    assert made.json()["user"]["email_verified_at"] is not None
    assert made.json()["user"]["given_name"] == "Ann"
    me = await client.get("/v1/users/me", headers=bearer(made.json()["tokens"]["access_token"]))
    assert me.json()["id"] == made.json()["user"]["id"]
    listed = await client.get(
        "/v1/users/me/identities", headers=bearer(made.json()["tokens"]["access_token"])
    )
    assert [each["provider"] for each in listed.json()["items"]] == ["mock"]


async def _code(url: str, sub: str) -> str:
    asked = (
        f"{url}/oauth2/authorize?response_type=code&client_id=core&scope=openid%20email"
        f"&redirect_uri={going.PAGE}&state=x&nonce={NONCE}"
        f"&code_challenge={challenge_of(going.VERIFIER)}&code_challenge_method=S256"
    )
    return going.said(await provider.authorize(asked, sub=sub))["code"]


async def test_with_a_code_of_a_page(client: AsyncClient, url_of_provider: str, ann: str) -> None:
    sent = {
        "code": await _code(url_of_provider, ann),
        "code_verifier": going.VERIFIER,
        "redirect_uri": going.PAGE,
        "nonce": NONCE,
    }

    first = await client.post("/v1/auth/sso/mock/code", json=sent)
    again = await client.post("/v1/auth/sso/mock/code", json=sent)

    assert first.status_code == 201, first.text
    problem(again, 401, "sso_token_invalid")


async def test_with_a_token_of_an_app(
    client: AsyncClient, settings: Settings, url_of_provider: str, ann: str
) -> None:
    code = await _code(url_of_provider, ann)
    async with AsyncClient(trust_env=False) as own:
        given = await own.post(
            f"{url_of_provider}/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": going.PAGE,
                "client_id": "core",
                "client_secret": "kept-by-the-test",
                "code_verifier": going.VERIFIER,
            },
        )
    sent = {"id_token": given.json()["id_token"], "nonce": NONCE}

    wrong = await client.post("/v1/auth/sso/mock/token", json={**sent, "nonce": "n" * 20})
    right = await client.post("/v1/auth/sso/mock/token", json=sent)

    problem(wrong, 401, "sso_token_invalid")
    assert right.status_code == 201, right.text


async def test_who_changes_their_mind_comes_back_too(client: AsyncClient, ann: str) -> None:
    asked = await going.address(client, "mock")
    async with AsyncClient(trust_env=False) as browser:
        denied = await browser.post(asked, data={"action": "deny", "sub": ann})
    back = dict(going.said(str(denied.headers["location"])))

    response = await going.come_back(
        client, "mock", error=back["error"], state=going.said(asked)["state"]
    )

    assert going.ended(response) == {"error": "sso_denied"}
