"""Against a certified provider: what a lenient one would let pass, and we must not rely on."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from src.auth.sso.client import Providers
from src.auth.sso.flows import challenge_of
from src.config import Settings, SsoSettings
from tests.auth.sso import going
from tests.conftest import AppBy, settings_for
from tests.fakes import certified
from tests.http import problem

pytestmark = pytest.mark.slow

CALLBACK = "http://test.local/v1/auth/sso/strict/callback"
NONCE = "the-page-made-this-up-for-once"


@pytest.fixture(scope="module")
def url_of_provider(pytestconfig: pytest.Config) -> Iterator[str]:
    assert pytestconfig.cache is not None
    place = pytestconfig.cache.mkdir("oidc-provider")
    try:
        certified.install(place)
    except certified.NotInstalledError as exc:
        pytest.skip(str(exc))
    with certified.serving(place, CALLBACK, going.PAGE) as url:
        yield url


@pytest.fixture
def settings(url: str, url_of_provider: str) -> Settings:
    sso = {
        "providers": {
            "strict": {
                "issuer": url_of_provider,
                "client_id": "core",
                "client_secret": "core-secret-kept-by-the-test",
                "trusted_email_domains": "example.org",
            }
        },
        "redirects": going.PAGE,
    }
    return settings_for(url, sso=SsoSettings.model_validate(sso))


@pytest.fixture
def app(app_by: AppBy, are_compiled: bool, settings: Settings) -> FastAPI:
    app = app_by(is_compiled=are_compiled)
    app.state.sso = Providers(settings)
    return app


@pytest.fixture
def ann() -> str:
    return f"ann-{uuid4()}"


async def _back(client: AsyncClient, ann: str) -> dict[str, str]:
    """What the provider sends the browser back with."""
    asked = await going.address(client, "strict")
    address = await certified.authorize(asked, sub=ann)
    assert address.startswith(f"{CALLBACK}?"), address
    return going.said(address)


async def _code(url: str, ann: str, *, client_id: str = "core", challenge: str = "") -> str:
    """A code as a page gets it that has sent the browser itself."""
    challenge = challenge or challenge_of(going.VERIFIER)
    asked = (
        f"{url}/auth?response_type=code&client_id={client_id}&scope=openid%20email%20profile"
        f"&redirect_uri={going.PAGE}&state=x&nonce={NONCE}"
        f"&code_challenge={challenge}&code_challenge_method=S256"
    )
    return going.said(await certified.authorize(asked, sub=ann))["code"]


async def _id_token(url: str, ann: str, *, client_id: str = "core") -> str:
    code = await _code(url, ann, client_id=client_id)
    async with AsyncClient(trust_env=False) as own:
        given = await own.post(
            f"{url}/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": going.PAGE,
                "code_verifier": going.VERIFIER,
            },
            auth=(client_id, f"{client_id}-secret-kept-by-the-test"),
        )
    return str(given.json()["id_token"])


async def _by_code(client: AsyncClient, code: str, **changes: str) -> Response:
    sent = {
        "code": code,
        "code_verifier": going.VERIFIER,
        "redirect_uri": going.PAGE,
        "nonce": NONCE,
        **changes,
    }
    return await client.post(f"{going.BASE}/strict/code", json=sent)


async def test_every_front_door_signs_the_same_person_in(
    client: AsyncClient, url_of_provider: str, ann: str
) -> None:
    returned = await going.come_back(client, "strict", **await _back(client, ann))
    browser = await going.exchange(client, going.ended(returned)["login_code"])
    page = await _by_code(client, await _code(url_of_provider, ann))
    token = await _id_token(url_of_provider, ann)
    # The page's sign-in has used the nonce of the tests up; an app makes one of its own.
    app = await client.post(f"{going.BASE}/strict/token", json={"id_token": token, "nonce": NONCE})

    assert browser.status_code == 201, browser.text
    assert browser.json()["user"]["email"] == f"{ann}@example.org"
    assert browser.json()["user"]["email_verified_at"] is not None
    assert page.status_code == 200, page.text
    assert page.json()["user"]["id"] == browser.json()["user"]["id"]
    problem(app, 401, "sso_token_invalid")


async def test_an_app_signs_in(client: AsyncClient, url_of_provider: str, ann: str) -> None:
    returned = await going.come_back(client, "strict", **await _back(client, ann))
    browser = await going.exchange(client, going.ended(returned)["login_code"])
    token = await _id_token(url_of_provider, ann)

    app = await client.post(f"{going.BASE}/strict/token", json={"id_token": token, "nonce": NONCE})

    assert app.status_code == 200, app.text
    assert app.json()["user"]["id"] == browser.json()["user"]["id"]


async def test_an_answer_that_does_not_say_whose_it_is_is_refused(
    client: AsyncClient, ann: str
) -> None:
    back = await _back(client, ann)
    assert back.pop("iss")

    response = await going.come_back(client, "strict", **back)

    assert going.ended(response) == {"error": "sso_token_invalid"}


async def test_a_wrong_verifier_is_refused(
    client: AsyncClient, url_of_provider: str, ann: str
) -> None:
    response = await _by_code(
        client, await _code(url_of_provider, ann), code_verifier=going.VERIFIER[::-1]
    )

    problem(response, 401, "sso_token_invalid")


async def test_a_code_is_refused_when_it_comes_again(
    client: AsyncClient, url_of_provider: str, ann: str
) -> None:
    code = await _code(url_of_provider, ann)

    first, again = await _by_code(client, code), await _by_code(client, code)

    assert first.status_code == 201, first.text
    problem(again, 401, "sso_token_invalid")


async def test_a_wrong_nonce_is_refused(
    client: AsyncClient, url_of_provider: str, ann: str
) -> None:
    response = await _by_code(client, await _code(url_of_provider, ann), nonce="n" * 20)

    problem(response, 401, "sso_token_invalid")


async def test_a_token_for_another_client_is_refused(
    client: AsyncClient, url_of_provider: str, ann: str
) -> None:
    token = await _id_token(url_of_provider, ann, client_id="another")

    response = await client.post(
        f"{going.BASE}/strict/token", json={"id_token": token, "nonce": NONCE}
    )

    problem(response, 401, "sso_token_invalid")
