"""Sealing, hashing and comparing: pure functions over kept libraries."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_ID_BYTES = 4
_NONCE_BYTES = 12

TOKEN_PREFIX = "core_"  # noqa: S105  (no password)
"""How every secret begins that we hand out: it is known for one wherever it turns up."""
_TOKEN = re.compile(rf"({TOKEN_PREFIX}[a-z]+_)[^/]+")


class Unsealable(ValueError):
    """The bytes were not sealed by a key of ours for this place, or have been changed."""


class Sealer:
    """Seals what the database must not be able to read: AES-256-GCM, `key id | nonce | text`.

    `place` names table, column and row: bytes that are moved elsewhere do not open. What one of the
    `previous` keys has sealed still opens, so that keys can be changed.
    """

    def __init__(self, secret_key: bytes, previous: Iterable[bytes] = ()) -> None:
        self.key_id, self._cipher = _derived(secret_key)
        """How all begins that is sealed by the current key."""
        self._ciphers = dict(map(_derived, previous)) | {self.key_id: self._cipher}

    def seal(self, text: bytes, *, place: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self.key_id + nonce + self._cipher.encrypt(nonce, text, place.encode())

    def unseal(self, sealed: bytes, *, place: str) -> bytes:
        """Raises Unsealable."""
        key_id, rest = sealed[:_KEY_ID_BYTES], sealed[_KEY_ID_BYTES:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unsealable("sealed by another key")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as exc:
            raise Unsealable("changed, or sealed for another place") from exc


def _derived(secret_key: bytes) -> tuple[bytes, AESGCM]:
    """The cipher of a secret key, and what names it."""
    key = HKDF(SHA256(), 32, salt=None, info=b"core-api sealing v1").derive(secret_key)
    return hashlib.sha256(key).digest()[:_KEY_ID_BYTES], AESGCM(key)


def random_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def random_token(prefix: str) -> str:
    """A secret to hand out: `prefix` (TOKEN_PREFIX, a kind, `_`), and 32 random bytes in base64url.

    A kind is of small letters.
    """
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of such a secret: SHA-256, 32 bytes. So much chance needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def without_tokens(path: str) -> str:
    """A path with `***` for each secret that we have handed out, percent signs or not."""
    decoded = unquote(path) if "%" in path else path
    if TOKEN_PREFIX not in decoded:
        return path
    masked = _TOKEN.sub(r"\1***", decoded)
    # What was sent encoded stays so: decoded, it could forge a line of the log.
    return path if masked == decoded else quote(masked, safe="/*")


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
