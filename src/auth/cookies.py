"""Cookie transport: tokens that scripts cannot read, and what keeps other sites from using them."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from src import security
from src.auth import exceptions
from src.auth.schemas import SessionId
from src.auth.sessions import IssuedSecret
from src.config import Settings
from src.constants import API_PREFIX, SAFE_METHODS

REFRESH_PATH = f"{API_PREFIX}/auth"
"""Refreshing and signing out see the refresh token, signing in the browser; no other route does."""
CSRF_HEADER = "x-csrf-token"
_OWN_SITES = frozenset({"same-origin", "none"})
"""What browsers say in `Sec-Fetch-Site` of a request to where its page comes from."""


@dataclass(frozen=True, slots=True)
class CookieNames:
    """`__Host-` cannot carry a narrower path, hence the second prefix."""

    access: str
    refresh: str
    browser: str


def names(settings: Settings) -> CookieNames:
    if settings.cookies_are_secure:
        return CookieNames("__Host-core_at", "__Secure-core_rt", "__Secure-core_browser")
    return CookieNames("core_at", "core_rt", "core_browser")


@dataclass(frozen=True, slots=True)
class AllowedPage:
    """Where a request with cookies comes from. Only `check_origin` makes one: having it is proof.

    No cookie of ours is taken for a change, set or cleared without it.
    """

    origin: str


def access_token(request: Request, settings: Settings, *, own_origin: str) -> str | None:
    """The access token of the cookie. Raises CsrfFailed if another site wants to change something.

    What it may change also needs `check_csrf`, as soon as the token's session is known.
    """
    token = request.cookies.get(names(settings).access)
    if token and request.method not in SAFE_METHODS:
        check_origin(settings, request.headers, own_origin=own_origin)
    return token or None


def refresh_token(request: Request, settings: Settings, *, own_origin: str) -> str | None:
    """The refresh token of the cookie. Raises CsrfFailed for another site.

    It needs no CSRF token: a page that has just been loaded gets its own by refreshing.
    """
    token = request.cookies.get(names(settings).refresh)
    if token:
        check_origin(settings, request.headers, own_origin=own_origin)
    return token or None


def browser(request: Request, settings: Settings) -> str:
    """What the browser is known by, whichever page made it come. It signs nobody in.

    Whoever counts by it looks at the origin too: `browsers.read`.
    """
    return request.cookies.get(names(settings).browser, "")


def set_tokens(
    response: Response, settings: Settings, issued: IssuedSecret, page: AllowedPage
) -> None:
    """Put the tokens of a session into cookies: another site may not sign its visitors in."""
    cookie, is_secure = names(settings), settings.cookies_are_secure
    response.set_cookie(
        cookie.access,
        issued.access.text,
        max_age=issued.access.expires_in,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        cookie.refresh,
        issued.refresh_token,
        expires=issued.refresh_expires_at,
        path=REFRESH_PATH,
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def set_browser(
    response: Response,
    settings: Settings,
    text: str,
    page: AllowedPage,
    *,
    lifetime: timedelta,
) -> None:
    """Put into a cookie what the browser is known by. Signing out leaves it: it is not a token."""
    response.set_cookie(
        names(settings).browser,
        text,
        max_age=int(lifetime.total_seconds()),
        path=REFRESH_PATH,
        secure=settings.cookies_are_secure,
        httponly=True,
        samesite="lax",
    )


def clear_tokens(response: Response, settings: Settings, page: AllowedPage) -> None:
    """Take the cookies back: another site may not sign its visitors out."""
    cookie, is_secure = names(settings), settings.cookies_are_secure
    for name, path in ((cookie.access, "/"), (cookie.refresh, REFRESH_PATH)):
        response.delete_cookie(name, path=path, secure=is_secure, httponly=True, samesite="lax")


def are_all_there_is(request: Request, settings: Settings) -> bool:
    """Whether the caller has brought our cookies, and no header in their place."""
    cookie = names(settings)
    has_cookie = cookie.access in request.cookies or cookie.refresh in request.cookies
    return has_cookie and "authorization" not in request.headers


def csrf_token(settings: Settings, session_id: SessionId) -> str:
    """What a script of ours sends along and another site's cannot know; bound to the session."""
    return _csrf_token(settings.secret_key, session_id)


def _csrf_token(key: bytes, session_id: SessionId) -> str:
    mac = security.keyed_hash(key, b"csrf", session_id.bytes)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def check_csrf(settings: Settings, headers: Mapping[str, str], *, session_id: SessionId) -> None:
    """Raise CsrfFailed unless the session's own token came along, which scripts of ours have.

    One that was made under a previous key holds on: pages stay open while keys change.
    """
    given = headers.get(CSRF_HEADER, "").encode()
    ours = [_csrf_token(key, session_id).encode() for key in settings.secret_keys]
    if not any(security.is_equal(given, each) for each in ours):
        raise exceptions.CsrfFailed()


def check_origin(settings: Settings, headers: Mapping[str, str], *, own_origin: str) -> AllowedPage:
    """Raise CsrfFailed unless the request says that it comes from an allowed page."""
    origin = headers.get("origin") or _origin_of(headers.get("referer", ""))
    is_ours = origin == own_origin and headers.get("sec-fetch-site", "none") in _OWN_SITES
    if not is_ours and not _is_allowed(settings, origin):
        raise exceptions.CsrfFailed()
    return AllowedPage(origin)


def _is_allowed(settings: Settings, origin: str) -> bool:
    """Whether CORS lets pages of this origin send cookies; `*` never does."""
    cors = settings.cors
    if not origin or not cors.allow_credentials or "*" in cors.allow_origins:
        return False
    pattern = cors.allow_origins_regex
    return origin in cors.allow_origins or (
        pattern is not None and re.fullmatch(pattern, origin) is not None
    )


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
