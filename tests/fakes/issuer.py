"""OpenID providers that do as they are told, wrong things too: `Issuer`, behind an `Internet`."""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

CLIENT, SECRET = "core", "kept-by-the-fake"
Claims = dict[str, Any]


@dataclass
class Internet:
    """What answers under which host. Of other hosts nothing answers."""

    hosts: dict[str, ASGIApp] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        (host,) = (value for name, value in scope["headers"] if name == b"host")
        if host.decode() not in self.hosts:
            raise httpx2.ConnectError("nobody there")
        await self.hosts[host.decode()](scope, receive, send)


@dataclass
class Issuer:
    """A provider. What it does may be changed at any time."""

    url: str = "https://op.example.net"
    path: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: _key("one"))
    algorithm: str = "RS256"
    metadata: Claims = field(default_factory=dict)
    claims: Claims = field(default_factory=dict)
    """What its next ID tokens say beside what they should; None leaves a claim out."""
    userinfo: Claims = field(default_factory=dict)
    token: Callable[[Claims], str] | None = None
    """Makes the ID token in place of the right way to."""
    answer: Response | None = None
    """What the token endpoint answers instead."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    _codes: dict[str, Claims] = field(default_factory=dict)
    _subjects: dict[str, str] = field(default_factory=dict)

    def authorize(self, address: str, *, sub: str = "ann", **claims: Any) -> str:
        """Send a browser to the address, where somebody signs in: the code that it brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = str(uuid4())
        self._codes[code] = {"asked": asked, "claims": {"sub": sub, **claims}}
        return code

    def id_token(self, nonce: str, *, sub: str = "ann", **claims: Any) -> str:
        """One as an app gets it."""
        return self._signed(self._claims({"sub": sub, "nonce": nonce, **claims}))

    def _claims(self, claims: Claims) -> Claims:
        now = int(time.time())
        said = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, **claims, **self.claims
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def _signed(self, claims: Claims) -> str:
        if self.token is not None:
            return self.token(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    @property
    def app(self) -> Starlette:
        path = self.path
        return Starlette(
            routes=[
                Route(f"{path}/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    async def _metadata(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        base = f"https://{self.host}"
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/jwks",
                "userinfo_endpoint": f"{base}/userinfo",
                **self.metadata,
            }
        )

    async def _jwks(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _userinfo(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        token = request.headers["authorization"].removeprefix("Bearer ")
        return JSONResponse({"sub": self._subjects[token], **self.userinfo})

    async def _token(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = {name: str(value) for name, value in (await request.form()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if self.answer is not None:
            return self.answer
        given = self._codes.pop(form["code"], None)
        if given is None or not _suits(form, given["asked"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = str(uuid4())
        self._subjects[access_token] = given["claims"]["sub"]
        claims = {"nonce": given["asked"].get("nonce"), **given["claims"]}
        if claims.get("at_hash") is True:
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            claims["at_hash"] = base64.urlsafe_b64encode(half).decode().rstrip("=")
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "id_token": self._signed(self._claims(claims)),
            }
        )


def _suits(form: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return (
        form["redirect_uri"] == asked["redirect_uri"]
        and asked["code_challenge_method"] == "S256"
        and base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    )


_made: dict[str, RSAKey] = {}


def _key(kid: str) -> RSAKey:
    """An RSA key, made once a process: it takes its time."""
    if kid not in _made:
        _made[kid] = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)
    return _made[kid]


def another_key() -> RSAKey:
    return _key("two")
