"""How an API key is spelled: what it is made of, and what tells it from any other text.

`core_key_` and, in base64url, 32 random bytes with their CRC-32: whoever scans for secrets knows a
key for one without asking, and a typo is refused without a look at the database.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass

from src import security
from src.auth.api_keys.constants import KEY_PREFIX, SHOWN_CHARACTERS
from src.auth.exceptions import InvalidToken

_RANDOM_BYTES, _SUM_BYTES = 32, 4
_LENGTH = len(KEY_PREFIX) + (_RANDOM_BYTES + _SUM_BYTES) * 4 // 3
"""36 bytes are 48 characters of base64 without a rest: each text spells other bytes."""


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key that came along, as it is looked for."""

    hash: bytes


@dataclass(frozen=True, slots=True)
class MadeKeySecret:
    text: str
    prefix: str
    hash: bytes


def make() -> MadeKeySecret:
    """A new key."""
    chance = secrets.token_bytes(_RANDOM_BYTES)
    text = KEY_PREFIX + base64.urlsafe_b64encode(chance + _sum(chance)).decode()
    return MadeKeySecret(
        text, text[: len(KEY_PREFIX) + SHOWN_CHARACTERS], security.token_hash(text)
    )


def read(text: str) -> SentKey:
    """What to look for. Raises InvalidToken for what cannot be a key of ours."""
    if len(text) != _LENGTH or not text.startswith(KEY_PREFIX):
        raise InvalidToken()
    try:
        body = base64.b64decode(text[len(KEY_PREFIX) :], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidToken() from exc
    if body[_RANDOM_BYTES:] != _sum(body[:_RANDOM_BYTES]):
        raise InvalidToken()
    return SentKey(security.token_hash(text))


def _sum(chance: bytes) -> bytes:
    return binascii.crc32(chance).to_bytes(_SUM_BYTES, "big")
