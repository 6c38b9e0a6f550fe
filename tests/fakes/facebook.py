"""Facebook's Graph as far as a login goes, from its public documentation.

It keeps nothing: a token says itself whose it is and what the Graph will say of it.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

APP, SECRET = "1029384756", "kept-by-the-fake"
PROVIDERS: Any = {"facebook": {"client_id": APP, "client_secret": SECRET}}
PAGE = "https://app.example.org/signed-in"
_BAD = JSONResponse({"error": {"message": "Invalid OAuth token.", "code": 190}}, 400)


def token(
    user: str,
    *,
    email: str | None = None,
    app: str = APP,
    is_valid: object = True,
    expires_at: int | None = None,
    profile: str | None = None,
    **debug: Any,
) -> str:
    """An access token of a user. `profile` is whom the Graph says it belongs to, if another."""
    said = {
        "debug": {
            "app_id": app,
            "type": "USER",
            "user_id": user,
            "is_valid": is_valid,
            "expires_at": int(time.time()) + 3600 if expires_at is None else expires_at,
            **debug,
        },
        "profile": {"id": profile or user, "first_name": "Ann", "last_name": "Heron"}
        | ({"email": email} if email else {}),
    }
    return "fb." + base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


def code(address: str, access_token: str) -> str:
    """What the dialog of this address gives to a browser whose user has this token."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    said = {
        "token": access_token,
        "redirect_uri": asked["redirect_uri"],
        "challenge": asked["code_challenge"],
    }
    return "fbcode." + base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


def _read(text: str) -> Mapping[str, Any] | None:
    try:
        return dict(json.loads(base64.urlsafe_b64decode(text.partition(".")[2])))
    except ValueError:
        return None


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


async def _debug(request: Request) -> JSONResponse:
    said = _read(request.query_params["input_token"])
    if _bearer(request) != f"{APP}|{SECRET}":
        return _BAD
    if said is None:
        return JSONResponse({"data": {"is_valid": False, "error": {"code": 190}}})
    return JSONResponse({"data": said["debug"]})


async def _me(request: Request) -> JSONResponse:
    text = _bearer(request)
    said = _read(text)
    proof = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    if said is None or request.query_params["appsecret_proof"] != proof:
        return _BAD
    return JSONResponse(said["profile"])


async def _exchange(request: Request) -> JSONResponse:
    form = {name: str(value) for name, value in (await request.form()).items()}
    said = _read(form["code"])
    verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if (
        said is None
        or (form["client_id"], form["client_secret"]) != (APP, SECRET)
        or form["redirect_uri"] != said["redirect_uri"]
        or base64.urlsafe_b64encode(verifier).decode().rstrip("=") != said["challenge"]
    ):
        return _BAD
    return JSONResponse(
        {"access_token": said["token"], "token_type": "bearer", "expires_in": 5183944}
    )


app = Starlette(
    routes=[
        Route("/v24.0/debug_token", _debug),
        Route("/v24.0/me", _me),
        Route("/v24.0/oauth/access_token", _exchange, methods=["POST"]),
    ]
)
