"""What is asked of providers, and how often; and what is not taken from them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from httpx2 import ASGITransport, AsyncClient
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.responses import JSONResponse, RedirectResponse
from typing_extensions import override

from src.auth.sso.client import Providers, http, id_token, oidc
from src.auth.sso.exceptions import ProviderUnavailable
from src.config import Settings
from src.constants import Environment
from tests.auth.sso import going
from tests.auth.sso.going import ended, round_trip
from tests.fakes import facebook
from tests.fakes.issuer import Internet, Issuer, another_key

ANN: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}
UNAVAILABLE = {"error": "sso_provider_unavailable"}
DISCOVERY = "/.well-known/openid-configuration"


async def test_documents_and_keys_are_read_once_an_hour(
    client: AsyncClient, issuer: Issuer
) -> None:
    for _ in range(3):
        assert "login_code" in ended(await round_trip(client, issuer, **ANN))
    assert (issuer.asked.count(DISCOVERY), issuer.asked.count("/jwks")) == (1, 1)


async def test_after_an_hour_they_are_read_again(
    client: AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await round_trip(client, issuer, **ANN)

    monkeypatch.setattr(oidc, "KEPT_SECONDS", 0.0)
    await round_trip(client, issuer, **ANN)

    assert issuer.asked.count(DISCOVERY) > 1
    assert issuer.asked.count("/jwks") == 2


async def test_a_new_key_is_fetched_but_not_for_everybody_who_makes_one_up(
    client: AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await round_trip(client, issuer, **ANN)
    issuer.key = another_key()

    # Just read: a token of an unknown key is refused as it is.
    assert ended(await round_trip(client, issuer, **ANN)) == {"error": "sso_token_invalid"}
    assert issuer.asked.count("/jwks") == 1

    monkeypatch.setattr(oidc, "KEYS_AGAIN_SECONDS", 0.0)
    assert "login_code" in ended(await round_trip(client, issuer, **ANN))
    assert issuer.asked.count("/jwks") == 2


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-256", {"kid": "e"}, private=True), "ES256"),
        (ECKey.generate_key("P-384", {"kid": "e"}, private=True), "ES384"),
        (OKPKey.generate_key("Ed25519", {"kid": "o"}, private=True), "Ed25519"),
        (None, "RS512"),
        (None, "PS256"),
    ],
)
async def test_every_algorithm_with_a_public_key_will_do(
    client: AsyncClient, issuer: Issuer, key: Any, algorithm: str
) -> None:
    issuer.key, issuer.algorithm = key or issuer.key, algorithm

    assert "login_code" in ended(await round_trip(client, issuer, **ANN))


def test_keys_that_sign_nothing_in_public_are_left_out(issuer: Issuer) -> None:
    (known,) = id_token.public_keys({"keys": [issuer.key.as_dict(private=False)]})

    assert known.kid == issuer.key.kid
    assert id_token.public_keys({"keys": [{"kty": "oct", "k": "AAAA"}]}) == []
    encrypting = {**issuer.key.as_dict(private=False), "use": "enc"}
    assert id_token.public_keys({"keys": [encrypting]}) == []


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": None}, {"keys": [None, 7, {}, {"kty": "RSA"}, {"kty": "EC", "x": 1}]}]
)
def test_keys_that_cannot_be_read_are_left_out(jwks: dict[str, Any]) -> None:
    assert id_token.public_keys(jwks) == []


async def test_a_private_key_in_the_set_is_read_as_a_public_one(issuer: Issuer) -> None:
    (public,) = id_token.public_keys({"keys": [issuer.key.as_dict(private=True)]})

    assert isinstance(public.key, RSAKey)
    assert not public.key.is_private


async def test_an_issuer_may_end_in_a_slash_or_have_a_path(
    internet: Internet, settings: Settings
) -> None:
    for url, path in (("https://slash.example.net/", ""), ("https://path.example.net/a/b", "/a/b")):
        there = Issuer(url=url, path=path)
        internet.hosts[there.host] = there.app
        given = settings.sso.providers["op"].model_copy(update={"issuer": url})
        sso = settings.sso.model_copy(update={"providers": {"there": given}})
        providers = Providers(
            settings.model_copy(update={"sso": sso}), transport=ASGITransport(internet)
        )

        address = await providers.get("there").address(
            redirect_uri="https://x", state="s", nonce="n", code_verifier="v"
        )

        assert address.startswith(f"https://{there.host}/authorize?")


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.01)


async def _flood() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65536


@pytest.mark.parametrize(
    "answer",
    [
        lambda: RedirectResponse("https://evil.example/token", 307),
        lambda: JSONResponse([]),
        lambda: JSONResponse("x"),
        lambda: JSONResponse({}, headers={"content-encoding": "gzip"}),
        lambda: JSONResponse({"error": "invalid_client"}, 401),
        lambda: JSONResponse({"error": "server_error"}, 500),
    ],
)
async def test_answers_that_are_none(client: AsyncClient, issuer: Issuer, answer: Any) -> None:
    issuer.answer = answer()

    assert ended(await round_trip(client, issuer, **ANN)) == UNAVAILABLE


class _Endless(httpx2.AsyncBaseTransport):
    """A server that begins to answer and does not end."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.chunks = chunks

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=_Chunks(self.chunks))


class _Chunks(httpx2.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self.chunks = chunks

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.chunks:
            yield chunk


@pytest.mark.parametrize("chunks", [_drip, _flood])
async def test_an_answer_without_an_end_is_cut_off(
    settings: Settings, chunks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.2 if chunks is _drip else 30)
    provider = Providers(settings, transport=_Endless(chunks())).get("op")

    async with asyncio.timeout(10):
        with pytest.raises(ProviderUnavailable):
            await provider.address(redirect_uri="x", state="s", nonce="n", code_verifier="v")


async def test_outside_of_development_nothing_goes_over_plain_http(
    settings: Settings, internet: Internet, issuer: Issuer
) -> None:
    issuer.metadata = {"jwks_uri": "http://op.example.net/jwks"}
    strict = settings.model_copy(update={"environment": Environment.PRODUCTION})
    for given, is_let in ((settings, True), (strict, False)):
        provider = Providers(given, transport=ASGITransport(internet)).get("op")
        issuer.asked.clear()
        address = await provider.address(
            redirect_uri="x", state="s", nonce="n", code_verifier=going.VERIFIER
        )
        code = issuer.authorize(address, **ANN)
        try:
            await provider.by_code(
                code=code, code_verifier=going.VERIFIER, redirect_uri="x", nonce="n"
            )
        except ProviderUnavailable:
            assert not is_let
        assert ("/jwks" in issuer.asked) is is_let


async def test_no_line_of_a_log_has_an_address_with_a_token(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    token = facebook.token("42", email="ann@example.org")
    with caplog.at_level("DEBUG"):
        await client.post(f"{going.BASE}/facebook/token", json={"access_token": token})

    assert token not in caplog.text
