"""Requests to providers: by HTTPS alone, small, soon over, never redirected."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from functools import cache
from typing import Any, TypeVar

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from typing_extensions import override

from src import logs
from src.auth.sso.exceptions import ProviderUnavailable, TokenInvalid
from src.config import SsoProviderSettings
from src.constants import MIB

T = TypeVar("T")

TIMEOUT = 3.0
"""Seconds that one request may take, from the first byte to the last."""
ANSWER_MAX = MIB
_REFUSALS = frozenset({400, 401, 403})
_PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}

log = logs.get_logger("core_api.sso")
for _name in ("httpx2", "httpcore2", "authlib"):
    # Their lines have whole addresses in them, and those may have tokens.
    logging.getLogger(_name).setLevel(logging.WARNING)


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class Bounded(httpx2.AsyncBaseTransport):
    """A transport that refuses what is not encrypted, and answers that are large or compressed."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, needs_https: bool) -> None:
        self._inner = inner
        self._needs_https = needs_https

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme != "https" and self._needs_https:
            raise httpx2.UnsupportedProtocol("not https", request=request)
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("compressed, which nobody asked for", request=request)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Short(response.stream, request),
            extensions=response.extensions,
        )

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


class _Short(httpx2.AsyncByteStream):
    def __init__(self, inner: object, request: httpx2.Request) -> None:
        if not isinstance(inner, httpx2.AsyncByteStream):
            raise TypeError("a stream for another kind of client")
        self._inner = inner
        self._request = request

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > ANSWER_MAX:
                raise httpx2.ReadError("too long an answer", request=self._request)
            yield chunk

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


class Outside:
    """How to reach one provider. `transport` stands for the network where it is given."""

    def __init__(
        self,
        name: str,
        settings: SsoProviderSettings,
        *,
        needs_https: bool,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._settings = settings
        self._needs_https = needs_https
        self._transport = transport

    def client(self, **metadata: Any) -> AsyncOAuth2Client:
        """A client that knows who we are. To be used as a context."""
        secret = self._settings.client_secret
        method = self._settings.token_auth_method if secret else "none"
        return AsyncOAuth2Client(
            client_id=self._settings.client_id,
            client_secret=secret.get_secret_value() if secret else None,
            code_challenge_method="S256",
            transport=self._bounded(),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            **{"token_endpoint_auth_method": method, **metadata},
        )

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        bearer: str | None = None,
        is_theirs: bool = False,
    ) -> Mapping[str, Any]:
        """The JSON object of an address. Raises ProviderUnavailable.

        What `is_theirs` is asked about a token that somebody has brought: where the provider
        refuses that, this raises TokenInvalid.
        """
        async with httpx2.AsyncClient(
            transport=self._bounded(), timeout=TIMEOUT, follow_redirects=False, trust_env=False
        ) as client:
            headers = _PLAIN | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
            response = await self.within(client.get(url, params=params, headers=headers))
            if is_theirs and response.status_code in _REFUSALS:
                raise TokenInvalid()
            return self._object_of(response)

    async def code_exchanged(
        self, url: str, *, code: str, redirect_uri: str, code_verifier: str, **metadata: Any
    ) -> Mapping[str, Any]:
        """What the provider gives for a code. Raises TokenInvalid, and ProviderUnavailable."""
        async with self.client(**metadata) as client:
            asked = client.fetch_token(
                url,
                grant_type="authorization_code",
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=code_verifier,
                headers={**_PLAIN, "Content-Type": "application/x-www-form-urlencoded"},
            )
            try:
                answer: object = await self.within(asked)
            except OAuthError as exc:
                if exc.error == "invalid_client":
                    log.error("provider refuses our credentials", provider=self.name)
                    raise ProviderUnavailable() from exc
                raise TokenInvalid() from exc
            except (TypeError, AttributeError) as exc:  # an answer that is no object
                raise ProviderUnavailable() from exc
        if not isinstance(answer, Mapping):
            raise ProviderUnavailable()
        return answer

    async def within(self, asked: Awaitable[T]) -> T:
        """Its result, in time. Raises ProviderUnavailable."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await asked
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError) as exc:
            log.warning("provider unavailable", provider=self.name, error=type(exc).__name__)
            raise ProviderUnavailable() from exc

    def _object_of(self, response: httpx2.Response) -> Mapping[str, Any]:
        try:
            answer = response.json() if response.status_code == 200 else None
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, Mapping):
            log.warning("provider unavailable", provider=self.name, status=response.status_code)
            raise ProviderUnavailable()
        return answer

    def _bounded(self) -> Bounded:
        inner = self._transport or httpx2.AsyncHTTPTransport(verify=_trust(), trust_env=False)
        return Bounded(inner, needs_https=self._needs_https)
