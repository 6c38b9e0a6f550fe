"""What a browser and the page in it do to sign in with a provider."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from httpx2 import AsyncClient, Response

from src.auth.sso.flows import challenge_of
from tests.fakes.issuer import Issuer

PAGE = "https://app.example.org/signed-in"
VERIFIER = "the-page-made-this-up-and-told-nobody-0123456789"
BASE = "/v1/auth/sso"


def said(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def begin(client: AsyncClient, provider: str = "op", **changes: str) -> Response:
    """Leave for the provider; the client keeps the cookie."""
    params = {"redirect_to": PAGE, "code_challenge": challenge_of(VERIFIER), **changes}
    return await client.get(f"{BASE}/{provider}/authorize", params=params)


async def address(client: AsyncClient, provider: str = "op", **changes: str) -> str:
    """Where the provider is asked to sign somebody in."""
    response = await begin(client, provider, **changes)
    assert response.status_code == 303, response.text
    return str(response.headers["location"])


async def come_back(client: AsyncClient, provider: str = "op", **answer: str) -> Response:
    return await client.get(f"{BASE}/{provider}/callback", params=answer)


async def round_trip(
    client: AsyncClient, issuer: Issuer, *, provider: str = "op", mode: str = "login", **claims: Any
) -> Response:
    """To the provider, where somebody signs in, and back to us."""
    asked = await address(client, provider, mode=mode)
    code = issuer.authorize(asked, **claims)
    return await come_back(client, provider, code=code, state=said(asked)["state"])


def ended(response: Response) -> dict[str, str]:
    """What the browser brings to the page at last."""
    assert response.status_code == 303, response.text
    location = str(response.headers["location"])
    assert location.startswith(PAGE + "?"), location
    return said(location)


async def exchange(client: AsyncClient, login_code: str, **changes: str) -> Response:
    body = {"login_code": login_code, "code_verifier": VERIFIER, **changes}
    return await client.post(f"{BASE}/exchange", json=body)


async def sign_in(
    client: AsyncClient, issuer: Issuer, *, provider: str = "op", **claims: Any
) -> Response:
    """All of it; the answer is that of the exchange."""
    back = ended(await round_trip(client, issuer, provider=provider, **claims))
    assert "login_code" in back, back
    return await exchange(client, back["login_code"])
