"""Access tokens (RFC 9068) and refresh tokens.

An access token says who signed in, never what they may do: permissions are read from the database.
A refresh token is derived from its session's key and counter, so that a replay within the grace
time gets the very same successor, and no table grows with refreshing.
"""

import base64
import binascii
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from uuid_utils.compat import uuid4

from src import security
from src.auth.constants import ALGORITHM, FRESH_SECONDS, TOKEN_TYPE, Aal
from src.auth.exceptions import InvalidToken, RefreshInvalid
from src.auth.keys import KeyRing
from src.auth.schemas import SessionId
from src.config import AuthenticationSettings
from src.database import Pools
from src.users.schemas import UserId

_LEEWAY = 30
_MAX_LENGTH = 4096
_CACHE_SIZE = 10_000
_SHORTENING = 0.05
"""Lifetimes differ by up to this share, so that clients do not refresh all at once."""
_REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
"""Headers by which a token would bring its own key along."""
_UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError)
"""What comes of claims that are not of the type they should be."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    user_id: UserId
    session_id: SessionId
    expires_at: int
    authenticated_at: int
    """When its user had last proved who they are: seconds since 1970. 0 if it does not say."""

    @property
    def is_fresh(self) -> bool:
        """Whether that was within the last 15 minutes."""
        return self.authenticated_at + FRESH_SECONDS + _LEEWAY > time.time()


@dataclass(frozen=True, slots=True)
class AccessTokenSecret:
    text: str
    expires_in: int


class TokenVerifier:
    """Verifies access tokens, and remembers those it has verified until they expire."""

    def __init__(self, keys: KeyRing, settings: AuthenticationSettings) -> None:
        self._keys = keys
        self._settings = settings
        self._seen: OrderedDict[bytes, Claims] = OrderedDict()
        self._generation = keys.generation

    def known(self, token: str) -> Claims | None:
        """What a token says that has been verified before, as long as nothing has changed since."""
        if not self._keys.is_fresh() or self._generation != self._keys.generation:
            return None
        claims = self._seen.get(_digest(token))
        if claims is None or claims.expires_at + _LEEWAY <= time.time():
            return None
        return claims

    async def verify(self, token: str, pools: Pools) -> Claims:
        """Raises InvalidToken. Asks the database only for a key that it does not know."""
        await self._keys.ensure(pools)
        if self._generation != self._keys.generation:
            self._seen.clear()
            self._generation = self._keys.generation
        digest = _digest(token)
        claims = self._seen.get(digest)
        if claims is None:
            claims = await self._verify(token, pools)
            self._seen[digest] = claims
            if len(self._seen) > _CACHE_SIZE:
                self._seen.popitem(last=False)
        if claims.expires_at + _LEEWAY <= time.time():
            raise InvalidToken()
        return claims

    async def _verify(self, token: str, pools: Pools) -> Claims:
        if len(token) > _MAX_LENGTH:
            raise InvalidToken()
        try:
            header = jws.extract_compact(token.encode("ascii")).headers()
            kid = self._checked_kid(header)
            await self._keys.ensure(pools, kid=kid)
            key = self._keys.public_key(kid)
            if key is None:
                raise InvalidToken()
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            return self._checked(claims)
        except (JoseError, LookupError, RecursionError, *_UNREADABLE) as exc:
            raise InvalidToken() from exc

    @staticmethod
    def _checked_kid(header: Mapping[str, Any]) -> str:
        kid = header.get("kid")
        if (
            header.get("alg") != ALGORITHM
            or header.get("typ") != TOKEN_TYPE
            or not isinstance(kid, str)
            or _REFUSED_HEADERS & header.keys()
        ):
            raise InvalidToken()
        return kid

    def _checked(self, claims: Mapping[str, Any]) -> Claims:
        now = time.time()
        expires_at, issued_at = int(claims["exp"]), int(claims["iat"])
        if (
            claims["iss"] != self._settings.issuer
            or claims["aud"] != self._settings.audience
            or expires_at + _LEEWAY <= now
            or issued_at > now + _LEEWAY
            or int(claims.get("nbf", 0)) > now + _LEEWAY
        ):
            raise InvalidToken()
        return Claims(
            user_id=UserId(UUID(claims["sub"])),
            session_id=SessionId(UUID(claims["sid"])),
            expires_at=expires_at,
            authenticated_at=int(claims.get("auth_time", 0)),
        )


def mint(
    keys: KeyRing,
    settings: AuthenticationSettings,
    *,
    user_id: UserId,
    session_id: SessionId,
    authenticated_at: datetime,
    auth_methods: list[str],
    aal: Aal,
) -> AccessTokenSecret:
    """Sign an access token. `keys.ensure` comes first."""
    kid, key = keys.signing_key()
    lifetime = settings.access_token.expiration * 60
    lifetime = int(lifetime * (1 - _SHORTENING * secrets.randbelow(1000) / 1000))
    now = int(time.time())
    text = jwt.encode(
        {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": kid},
        {
            "iss": settings.issuer,
            "aud": settings.audience,
            "sub": str(user_id),
            "client_id": "first-party",
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid4()),
            "sid": str(session_id),
            "auth_time": int(authenticated_at.timestamp()),
            "amr": auth_methods,
            "acr": aal,
        },
        key,
        algorithms=[ALGORITHM],
    )
    return AccessTokenSecret(text, lifetime)


_PREFIX = "core_rt_"
_COUNTER_BYTES, _MAC_BYTES = 4, 32


@dataclass(frozen=True, slots=True)
class RefreshClaim:
    """What a refresh token says, before its session's key has confirmed it."""

    session_id: SessionId
    counter: int
    mac: bytes

    def is_genuine(self, key: bytes) -> bool:
        return security.is_equal(self.mac, _mac(key, self.session_id, self.counter))


def derive_refresh_token(key: bytes, *, session_id: SessionId, counter: int) -> str:
    body = session_id.bytes + counter.to_bytes(_COUNTER_BYTES, "big")
    return _spelled(body + _mac(key, session_id, counter))


def read_refresh_token(token: str) -> RefreshClaim:
    """Raises RefreshInvalid where the text is none of ours."""
    try:
        encoded = token.removeprefix(_PREFIX)
        body = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        # Base64 can spell the same bytes in several ways; a token has one.
        if len(body) != 16 + _COUNTER_BYTES + _MAC_BYTES or token != _spelled(body):
            raise RefreshInvalid()
    except (binascii.Error, ValueError) as exc:
        raise RefreshInvalid() from exc
    return RefreshClaim(
        session_id=SessionId(UUID(bytes=body[:16])),
        counter=int.from_bytes(body[16 : 16 + _COUNTER_BYTES], "big"),
        mac=body[16 + _COUNTER_BYTES :],
    )


def _spelled(body: bytes) -> str:
    return _PREFIX + base64.urlsafe_b64encode(body).decode().rstrip("=")


def _mac(key: bytes, session_id: SessionId, counter: int) -> bytes:
    return security.keyed_hash(
        key, b"refresh", session_id.bytes, counter.to_bytes(_COUNTER_BYTES, "big")
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
