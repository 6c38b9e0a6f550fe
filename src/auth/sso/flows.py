"""What has to be remembered while somebody is at the provider: sealed, in a cookie of theirs.

The service keeps nothing of it, so beginning writes nothing. That it is used once is what
`service.spend` sees to when they come back.
"""

import base64
import binascii
import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from starlette.requests import Request
from starlette.responses import Response

from src import security
from src.auth.sso import exceptions
from src.auth.sso.client import Provider
from src.auth.sso.constants import FLOW_LIFETIME, Mode
from src.config import Settings
from src.security import Sealer, Unsealable


@dataclass(frozen=True, slots=True)
class Flow:
    """One attempt. `code_verifier` is between us and the provider, `code_challenge` between the
    client and us."""

    state: str
    nonce: str
    code_verifier: str
    code_challenge: str
    redirect_to: str
    redirect_uri: str
    mode: Mode
    expires_at: int

    @classmethod
    def begun(cls, *, code_challenge: str, redirect_to: str, redirect_uri: str, mode: Mode) -> Self:
        return cls(
            state=security.random_token(""),
            nonce=security.random_token(""),
            code_verifier=security.random_token(""),
            code_challenge=code_challenge,
            redirect_to=redirect_to,
            redirect_uri=redirect_uri,
            mode=mode,
            expires_at=int(time.time() + FLOW_LIFETIME.total_seconds()),
        )

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= time.time()


def keep(
    response: Response, settings: Settings, sealer: Sealer, provider: Provider, flow: Flow
) -> None:
    """Give the browser the flow to keep."""
    sealed = sealer.seal(json.dumps(asdict(flow)).encode(), place=_place(provider))
    response.set_cookie(
        cookie_name(settings, provider),
        base64.urlsafe_b64encode(sealed).decode().rstrip("="),
        max_age=int(FLOW_LIFETIME.total_seconds()),
        path="/",
        secure=_is_secure(settings, provider),
        httponly=True,
        samesite=_same_site(provider),
    )


def read(request: Request, settings: Settings, sealer: Sealer, provider: Provider) -> Flow:
    """The flow that this browser keeps. Raises FlowInvalid."""
    text = request.cookies.get(cookie_name(settings, provider), "")
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        kept: dict[str, Any] = json.loads(sealer.unseal(sealed, place=_place(provider)))
    except (Unsealable, binascii.Error, ValueError) as exc:
        raise exceptions.FlowInvalid() from exc
    mode = Mode(kept.pop("mode"))
    return Flow(**kept, mode=mode)


def forget(response: Response, settings: Settings, provider: Provider) -> None:
    """Take it back: it has served."""
    response.delete_cookie(
        cookie_name(settings, provider),
        path="/",
        secure=_is_secure(settings, provider),
        httponly=True,
        samesite=_same_site(provider),
    )


def challenge_of(code_verifier: str) -> str:
    """S256 of RFC 7636."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def cookie_name(settings: Settings, provider: Provider) -> str:
    """One for each provider: an answer of one finds no flow of another."""
    prefix = "__Host-" if settings.cookies_are_secure else ""
    return f"{prefix}core_sso_{provider.id}"


def _is_secure(settings: Settings, provider: Provider) -> bool:
    return settings.cookies_are_secure or _same_site(provider) == "none"


def _same_site(provider: Provider) -> Literal["lax", "none"]:
    """A form that the provider's page sends comes from another site."""
    return "none" if provider.settings.response_mode == "form_post" else "lax"


def _place(provider: Provider) -> str:
    return f"sso_flow:{provider.id}"
