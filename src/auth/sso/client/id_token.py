"""ID tokens: whether one is genuine, for us, new, and for this very sign-in."""

import base64
import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from src import security
from src.auth.sso.constants import LEEWAY, SUBJECT_MAX, TOKEN_AGE
from src.auth.sso.exceptions import TokenInvalid

ALGORITHMS = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
    }
)
"""Those whose keys are public: one that is shared could be made into a signature by anybody."""
_UNREADABLE = (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, RecursionError)
_SIZES = frozenset({"256", "384", "512"})
_UNBELIEVABLE = 10**12

Key = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of the provider's set, and what the set says of it."""

    kid: str | None
    algorithm: str | None
    key: Key


def public_keys(jwks: Mapping[str, Any]) -> list[PublicKey]:
    """The keys of a set that may sign; what cannot be read is left out."""
    found = []
    listed = jwks.get("keys")
    for jwk in listed if isinstance(listed, list) else []:
        if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = import_key({name: jwk[name] for name in _PARTS if name in jwk})
        except (JoseError, *_UNREADABLE):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            found.append(PublicKey(jwk.get("kid"), jwk.get("alg"), key))
    return found


_PARTS = ("kty", "n", "e", "crv", "x", "y")
"""What makes a public key; nothing else of it is read."""


def kid_of(token: str) -> str | None:
    """The key that signed, as the token says. Raises TokenInvalid."""
    kid = _header(token).get("kid")
    if kid is not None and not isinstance(kid, str):
        raise TokenInvalid()
    return kid


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `audiences` are client ids of ours, `client_id` among them."""

    issuer: str
    client_id: str
    audiences: frozenset[str]
    nonce: str
    access_token: str | None = None


def verified(token: str, keys: Iterable[PublicKey], expected: Expected) -> Mapping[str, Any]:
    """The claims of a genuine token that says all that it must. Raises TokenInvalid."""
    header = _header(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise TokenInvalid()
    for public in keys:
        if public.algorithm not in (None, algorithm):
            continue
        try:
            claims = jwt.decode(token, public.key, algorithms=[str(algorithm)]).claims
        except (JoseError, *_UNREADABLE):
            continue
        try:
            _check(claims, expected, algorithm=str(algorithm))
        except _UNREADABLE as exc:
            raise TokenInvalid() from exc
        return claims
    raise TokenInvalid()


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, *_UNREADABLE) as exc:
        raise TokenInvalid() from exc


def _check(claims: Mapping[str, Any], expected: Expected, *, algorithm: str) -> None:
    now = time.time()
    audience = claims["aud"]
    audiences = set(audience) if isinstance(audience, list) else {audience}
    nonce, subject = claims["nonce"], claims["sub"]
    access_token, at_hash = expected.access_token, claims.get("at_hash")
    is_right = (
        claims["iss"] == expected.issuer
        and isinstance(subject, str)
        and 0 < len(subject) <= SUBJECT_MAX
        and subject.isprintable()
        and audiences & expected.audiences
        # A token that is for others too could have been given to one of them.
        and audiences <= expected.audiences
        and claims.get("azp", expected.client_id) in expected.audiences
        and isinstance(nonce, str)
        and security.is_equal(nonce.encode(), expected.nonce.encode())
        and _instant(claims["exp"]) + LEEWAY > now
        and _instant(claims["iat"]) - LEEWAY < now
        and _instant(claims["iat"]) + TOKEN_AGE.total_seconds() + LEEWAY > now
        and _instant(claims.get("nbf", 0)) - LEEWAY < now
        and (access_token is None or at_hash in (None, _half_hash(access_token, algorithm)))
    )
    if not is_right:
        raise TokenInvalid()


def _instant(value: object) -> float:
    """Seconds since 1970. Raises ValueError for anything else, a text with a number in it too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no instant")
    if not 0 <= value < _UNBELIEVABLE:
        raise ValueError("no instant")
    return value


def _half_hash(text: str, algorithm: str) -> str:
    """`at_hash` of OpenID Connect Core 3.1.3.6."""
    size = algorithm[-3:] if algorithm[-3:] in _SIZES else "512"  # Ed25519 is of SHA-512
    digest = hashlib.new(f"sha{size}", text.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
