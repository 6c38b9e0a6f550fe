"""Sending pushes: Firebase Cloud Messaging and the push services of browsers, behind one door."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncAssertionClient
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ValidationError

from src import logs
from src.config import FcmSettings, PushSettings
from src.devices import addresses
from src.devices.constants import Service
from src.devices.web_push import Sealing

log = logs.get_logger("core_api.devices")

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_TIMEOUT = 10.0
_UNREGISTERED = "UNREGISTERED"


class DeadAddressError(Exception):
    """Nothing is reached there any more, nor will be."""


class NotNowError(Exception):
    """The push service is not up to it now. `seconds`: when it wants to be asked again."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class RefusedError(Exception):
    """The push service will not take it, now or later: the settings are wrong, or the push is."""


class _Detail(BaseModel):
    errorCode: str = ""  # noqa: N815  (Google's name)


class _Error(BaseModel):
    details: list[_Detail] = []


class _Problem(BaseModel):
    """The part of Google's error body that says what became of the token."""

    error: _Error = _Error()


class PushClient:
    """Opened for the life of a worker. `transport` stands for the network, in tests."""

    def __init__(
        self, settings: PushSettings, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT, transport=transport)
        self._fcm = _google_client(settings.fcm, transport) if settings.fcm.is_given else None
        self._sealing = (
            Sealing(
                private_key=settings.web.private_key.get_secret_value(),
                contact=settings.web.contact,
            )
            if settings.web.private_key is not None and settings.web.contact is not None
            else None
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()
        if self._fcm is not None:
            await self._fcm.aclose()

    async def send(self, service: Service, token: str, *, title: str, body: str, kind: str) -> None:
        """Show a device these words. Where a service has no settings, the log shows them.

        Raises DeadAddressError, NotNowError and RefusedError.
        """
        try:
            if service is Service.FCM and self._fcm is not None:
                await self._send_to_app(self._fcm, token, title, body, kind)
            elif service is Service.WEB and self._sealing is not None:
                await self._send_to_browser(self._sealing, token, title, body, kind)
            else:
                log.info("push not sent: no settings", service=service, kind=kind, title=title)
        except httpx2.HTTPError as exc:
            # Its text may name the address, which is a secret of the browser's.
            raise NotNowError(type(exc).__name__) from None

    async def _send_to_app(
        self, client: AsyncAssertionClient, token: str, title: str, body: str, kind: str
    ) -> None:
        fcm = self._settings.fcm
        message = {
            "token": token,
            "notification": {"title": title, "body": body},
            "data": {"kind": kind},
        }
        try:
            response = await client.post(
                f"{fcm.url}/v1/projects/{fcm.project_id}/messages:send",
                json={"message": message},
            )
        except (OAuthError, ValueError) as exc:  # what Google's token endpoint says
            raise RefusedError("no access token for Firebase") from exc
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            client.token = None
            raise NotNowError("the access token has been taken back")
        if _fcm_code(response) == _UNREGISTERED:
            raise DeadAddressError
        _check(response)

    async def _send_to_browser(
        self, sealing: Sealing, token: str, title: str, body: str, kind: str
    ) -> None:
        subscription = addresses.Subscription.model_validate_json(token)
        if not addresses.is_of(subscription.endpoint, self._settings.web.hosts):
            raise DeadAddressError  # the settings have changed
        text = json.dumps({"title": title, "body": body, "kind": kind}, ensure_ascii=False)
        envelope = sealing.sealed(text.encode(), subscription)
        response = await self._http.post(
            subscription.endpoint,
            content=envelope.content,
            headers={**envelope.headers, "content-type": "application/octet-stream"},
        )
        if response.status_code in {httpx2.codes.NOT_FOUND, httpx2.codes.GONE}:
            raise DeadAddressError
        _check(response)


def _google_client(
    settings: FcmSettings, transport: httpx2.AsyncBaseTransport | None
) -> AsyncAssertionClient:
    """A client that gets itself an access token by the service account's key (RFC 7523)."""
    key = settings.private_key.get_secret_value() if settings.private_key else ""
    given: Mapping[str, Any] = {"transport": transport} if transport is not None else {}
    return AsyncAssertionClient(
        settings.token_url,
        issuer=settings.client_email,
        subject=settings.client_email,
        claims={"scope": _SCOPE},
        key=RSAKey.import_key(key.replace("\\n", "\n")),
        header={"alg": "RS256"},
        timeout=_TIMEOUT,
        **given,
    )


def _fcm_code(response: httpx2.Response) -> str:
    """Why Firebase refuses, in its own word; empty if it does not say."""
    if response.is_success:
        return ""
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        return ""
    return next((one.errorCode for one in problem.error.details if one.errorCode), "")


def _check(response: httpx2.Response) -> None:
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= 500:
        raise NotNowError(f"status {status}", _retry_after(response))
    if not response.is_success:
        raise RefusedError(f"status {status}")


def _retry_after(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
