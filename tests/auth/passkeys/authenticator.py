"""A passkey in software, and what a browser sends of it."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from tests.http import BASE_URL

Flag = AuthenticatorData.FLAG
SITE = "test.local"


@dataclass(frozen=True)
class Authenticator:
    """`sign_count` is what it says next; `asks` whether it asks its user for a finger or a PIN."""

    sign_count: int = 0
    asks: bool = True
    origin: str = BASE_URL
    site: str = SITE
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    user_handle: str | None = None

    def but(self, **changes: Any) -> "Authenticator":
        return replace(self, **changes)

    def owned_by(self, options: dict[str, Any]) -> "Authenticator":
        """It keeps for whom it was made."""
        return replace(self, user_handle=options["user"]["id"])

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create()` gives for the options."""
        point = self.key.public_key().public_numbers()
        key = ES256({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        data = self._data(
            Flag.AT, AttestedCredentialData.create(b"\0" * 16, self.credential_id, key)
        )
        return self._credential(
            clientDataJSON=websafe_encode(self._client_data("webauthn.create", options)),
            attestationObject=websafe_encode(AttestationObject.create("none", data, {})),
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get()` gives for the options."""
        data, client = self._data(), self._client_data("webauthn.get", options)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            clientDataJSON=websafe_encode(client),
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signed),
            userHandle=self.user_handle,
        )

    def _data(self, more: int = 0, credential: bytes = b"") -> AuthenticatorData:
        flags = Flag(Flag.UP | more | (Flag.UV if self.asks else 0))
        site = hashlib.sha256(self.site.encode()).digest()
        data: AuthenticatorData = AuthenticatorData.create(site, flags, self.sign_count, credential)
        return data

    def _client_data(self, kind: str, options: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, options["challenge"], self.origin)

    def _credential(self, **response: str | None) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
