"""Google's and a browser's push services, as far as pushes need them."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from httpx2 import ASGITransport
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from src.config import FcmSettings, PushSettings, WebPushSettings
from src.devices.client import PushClient
from tests.devices.registering import Browser, base64url

PROJECT = "birds"
ACCOUNT = "core@birds.example.org"
TOKEN_URL = "https://google.example.org/token"
CONTACT = "ann@example.org"
VAPID = ec.derive_private_key(4_711, ec.SECP256R1())


@cache
def account_key() -> rsa.RSAPrivateKey:
    """The service account's."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def settings() -> PushSettings:
    pem = account_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PushSettings(
        fcm=FcmSettings(
            project_id=PROJECT,
            client_email=ACCOUNT,
            private_key=SecretStr(pem.decode().replace("\n", "\\n")),
            token_url=TOKEN_URL,
            url="https://fcm.example.org",
        ),
        web=WebPushSettings(
            private_key=SecretStr(base64url((4_711).to_bytes(32, "big"))), contact=CONTACT
        ),
    )


@dataclass(frozen=True)
class Posted:
    """What came to the endpoint of a browser."""

    url: str
    headers: dict[str, str]
    content: bytes

    def opened(self, browser: Browser) -> dict[str, str]:
        """What the browser reads."""
        text = import_module("http_ece").decrypt(
            self.content,
            private_key=browser.private_key,
            auth_secret=browser.auth,
            version="aes128gcm",
        )
        return dict(json.loads(text))

    def signed(self) -> dict[str, Any]:
        """What the service says of itself (RFC 8292), its signature checked."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = VAPID.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert scheme == "vapid"
        assert parts["k"] == base64url(point)
        key = ECKey.import_key(
            VAPID.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        return dict(jwt.decode(parts["t"], key, algorithms=["ES256"]).claims)


@dataclass
class PushServices:
    """Both. What is in `answers` is answered first, one for each push; then all is well."""

    answers: list[Response] = field(default_factory=list)
    apps: list[dict[str, Any]] = field(default_factory=list)
    browsers: list[Posted] = field(default_factory=list)
    token_requests: int = 0

    def client(self, given: PushSettings | None = None) -> PushClient:
        app = Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route(f"/v1/projects/{PROJECT}/messages:send", self._app, methods=["POST"]),
                Route("/wpush/v2/{name}", self._browser, methods=["POST"]),
            ]
        )
        return PushClient(given or settings(), transport=ASGITransport(app=app))

    async def _token(self, request: Request) -> Response:
        """RFC 7523: an assertion that the account's key has signed, for this address and scope."""
        form = parse_qs((await request.body()).decode())
        key = RSAKey.import_key(
            account_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        claims = jwt.decode(form["assertion"][0], key, algorithms=["RS256"]).claims
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        assert (claims["iss"], claims["aud"]) == (ACCOUNT, TOKEN_URL)
        assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        self.token_requests += 1
        token = {"access_token": f"token{self.token_requests}", "token_type": "Bearer"}
        return JSONResponse({**token, "expires_in": 3599})

    async def _app(self, request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer token{self.token_requests}":
            return JSONResponse({"error": {"status": "UNAUTHENTICATED"}}, 401)
        self.apps.append((await request.json())["message"])
        name = {"name": f"projects/{PROJECT}/messages/{len(self.apps)}"}
        return self.answers.pop(0) if self.answers else JSONResponse(name)

    async def _browser(self, request: Request) -> Response:
        self.browsers.append(Posted(str(request.url), dict(request.headers), await request.body()))
        return self.answers.pop(0) if self.answers else Response(status_code=201)


def fcm_error(status: int, code: str, **headers: str) -> Response:
    """As Firebase refuses."""
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details = [{"@type": kind, "errorCode": code}]
    error = {"code": status, "message": "no", "details": details}
    return JSONResponse(
        {"error": error}, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )
