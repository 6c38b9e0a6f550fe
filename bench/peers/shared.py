"""What the Python peers share: where they run, and tokens as the service makes them."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATABASE_URL = os.environ["BENCH_DATABASE_URL"]
POOL_SIZE = 10
LIFETIME = 600
IDLE, ABSOLUTE = "21 days", "30 days"
_PUBLIC = jwt.PyJWK(json.loads(os.environ["BENCH_PUBLIC_KEY"]))
_PRIVATE = jwt.PyJWK(json.loads(os.environ["BENCH_PRIVATE_KEY"]))
_SEAL_KEY = HKDF(SHA256(), 32, salt=None, info=b"core-api sealing v1").derive(
    os.environ["BENCH_SECRET_KEY"].encode()
)
_CIPHER, _KEY_ID = AESGCM(_SEAL_KEY), hashlib.sha256(_SEAL_KEY).digest()[:4]
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Refused(Exception):
    """The token, or what was sent, is not right."""


def session_of(token: str) -> UUID:
    """The session that an access token names, once its signature and its claims are verified."""
    try:
        claims = jwt.decode(
            token, _PUBLIC, algorithms=["ES256"], audience="core-api", issuer="core-api"
        )
        return UUID(claims["sid"])
    except (jwt.PyJWTError, KeyError, ValueError) as exc:
        raise Refused("invalid token") from exc


def access_token(user_id: UUID, session_id: UUID) -> str:
    now = int(time.time())
    claims = {
        "iss": "core-api", "aud": "core-api", "sub": str(user_id), "client_id": "first-party",
        "iat": now, "exp": now + LIFETIME, "jti": str(uuid4()), "sid": str(session_id),
        "auth_time": now, "amr": ["pwd"], "acr": "aal1",
    }  # fmt: skip
    return jwt.encode(claims, _PRIVATE, algorithm="ES256", headers={"typ": "at+jwt"})


def is_password(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except VerificationError:
        return False


def new_refresh_key(session_id: UUID) -> tuple[bytes, bytes]:
    """A key for refresh tokens, and the key as it is stored."""
    key, nonce = secrets.token_bytes(32), os.urandom(12)
    place = f"session.refresh_key:{session_id}".encode()
    return key, _KEY_ID + nonce + _CIPHER.encrypt(nonce, key, place)


def refresh_token(key: bytes, session_id: UUID, counter: int) -> str:
    body = session_id.bytes + counter.to_bytes(4, "big")
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for piece in (b"refresh", body[:16], body[16:]):
        mac.update(len(piece).to_bytes(4, "big") + piece)
    return "core_rt_" + base64.urlsafe_b64encode(body + mac.digest()).decode().rstrip("=")


def checked_refresh_key(session_id: UUID, sent: str, session: Any) -> bytes:
    """The key of a locked session whose current refresh token was sent. Raises Refused."""
    sealed, counter = session["refresh_key"], session["refresh_counter"]
    place = f"session.refresh_key:{session_id}".encode()
    key = _CIPHER.decrypt(sealed[4:16], sealed[16:], place)
    if not hmac.compare_digest(sent, refresh_token(key, session_id, counter)):
        raise Refused("invalid refresh token")
    return key


def tokens(
    key: bytes, user_id: UUID, session_id: UUID, counter: int, expires_at: datetime
) -> dict[str, Any]:
    return {
        "access_token": access_token(user_id, session_id),
        "expires_in": LIFETIME,
        "refresh_token": refresh_token(key, session_id, counter),
        "refresh_expires_at": expires_at,
    }


def session_of_refresh(token: str) -> UUID:
    try:
        encoded = token.removeprefix("core_rt_")
        return UUID(bytes=base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))[:16])
    except ValueError as exc:
        raise Refused("invalid refresh token") from exc


def cursor(at: datetime, key: UUID) -> str:
    text = json.dumps([at.isoformat(), str(key)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def serve(app: Any) -> None:
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), log_level="warning", access_log=False)
