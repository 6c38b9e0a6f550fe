"""Sealing, hashing and comparing: pure functions over kept libraries."""

import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class Unsealable(ValueError):
    """The bytes were not sealed by this key for this place, or have been changed."""


class Sealer:
    """Seals what the database must not be able to read: AES-256-GCM, `key id | nonce | text`.

    `place` names table, column and row: bytes that are moved elsewhere do not open.
    """

    def __init__(self, secret_key: bytes) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"core-api sealing v1").derive(secret_key)
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(key).digest()[:_KEY_ID_BYTES]

    def seal(self, text: bytes, *, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self._key_id + nonce + self._cipher.encrypt(nonce, text, place.encode())

    def unseal(self, sealed: bytes, *, place: str) -> bytes:
        """Raises Unsealable."""
        key_id, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        if not hmac.compare_digest(key_id, self._key_id):
            raise Unsealable("sealed by another key")
        try:
            return self._cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as exc:
            raise Unsealable("changed, or sealed for another place") from exc


def random_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def keyed_hash(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 over parts of fixed meaning; each part's length is part of it."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(4, "big"))
        mac.update(part)
    return mac.digest()


def is_equal(one: bytes, other: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one, other)
