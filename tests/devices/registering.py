"""Devices as clients speak of them."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx2 import AsyncClient, Response

from tests import factories
from tests.http import acting_as

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/one"


def new_id() -> str:
    return str(uuid4())


async def register(
    client: AsyncClient, device_id: str, *, secret: str | None = None, **body: Any
) -> Response:
    """The device speaks for itself."""
    headers = {"X-Device-Secret": secret} if secret is not None else {}
    return await client.put(
        f"/v1/devices/{device_id}", json={"type": "ios", **body}, headers=headers
    )


async def registered(client: AsyncClient, device_id: str, **body: Any) -> str:
    """A new device; returns its secret."""
    response = await register(client, device_id, **body)
    assert response.status_code == 201, response.text
    return str(response.json()["device_secret"])


async def bind(
    client: AsyncClient,
    user: factories.User,
    device_id: str,
    *,
    secret: str | None = None,
    **body: Any,
) -> Response:
    headers = acting_as(user) | ({"X-Device-Secret": secret} if secret is not None else {})
    return await client.put(
        f"/v1/users/me/devices/{device_id}", json={"type": "ios", **body}, headers=headers
    )


async def devices(client: AsyncClient, user: factories.User) -> list[dict[str, Any]]:
    response = await client.get("/v1/users/me/devices", headers=acting_as(user))
    assert response.status_code == 200, response.text
    return list(response.json()["items"])


@dataclass(frozen=True)
class Browser:
    """The keys of a browser's subscription, and what it sends."""

    private_key: ec.EllipticCurvePrivateKey
    auth: bytes
    endpoint: str = ENDPOINT

    def subscription(self) -> str:
        point = self.private_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": base64url(point), "auth": base64url(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})


def browser(endpoint: str = ENDPOINT) -> Browser:
    return Browser(ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes ok", endpoint)


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
