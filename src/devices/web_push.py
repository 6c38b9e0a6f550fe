"""Encrypting for a browser (RFC 8291) and signing for its push service (RFC 8292).

The one module that knows the package `webpush`, which has no types.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from src.devices.addresses import Subscription, decoded

_webpush = import_module("webpush")

_DAY_SECONDS = 86_400
_SIGNED_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Envelope:
    """What to post to the endpoint of a subscription."""

    content: bytes
    headers: Mapping[str, str]


class Sealing:
    """Makes envelopes in the name of this service.

    `private_key` is the VAPID key: 32 bytes in base64url. `contact` is the email that a push
    service may write to. Raises ValueError for a key that is none.
    """

    def __init__(self, *, private_key: str, contact: str) -> None:
        key = ec.derive_private_key(int.from_bytes(decoded(private_key), "big"), ec.SECP256R1())
        self._webpush = _webpush.WebPush(
            private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            public_key=key.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ),
            subscriber=contact,
            ttl=_DAY_SECONDS,
            expiration=_SIGNED_SECONDS,
        )

    def sealed(self, text: bytes, subscription: Subscription) -> Envelope:
        known = _webpush.WebPushSubscription.model_validate(subscription.model_dump())
        made = self._webpush.get(text, known)
        return Envelope(bytes(made.encrypted), {str(k): str(v) for k, v in made.headers.items()})
