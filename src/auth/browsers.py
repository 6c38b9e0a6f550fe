"""Browsers that somebody has signed in with, known again by a cookie: its place has its own count.

The cookie holds an id of the browser and the accounts that were signed in to there, sealed: it
names nobody to who reads it, and cannot be made. It is no way in and no factor. All that whoever
steals it has is the count of that browser, which is one, however many use the cookie.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from src.auth import cookies
from src.auth.exceptions import CsrfFailed
from src.config import Settings
from src.security import Sealer, Unsealable
from src.users.schemas import UserId

LIFETIME = timedelta(days=180)
"""How long an account is known there after somebody has signed in to it."""
ACCOUNTS_MAX = 5
"""So many of the last ones are kept: a cookie is sent with every request to its path."""
_PLACE = "cookie.browser"
_ID_BYTES, _SECONDS_BYTES = 16, 5
_ENTRY_BYTES = _ID_BYTES + _SECONDS_BYTES


@dataclass(frozen=True, slots=True)
class Browser:
    """What the cookie says."""

    id: UUID
    signed_in: dict[UserId, int]
    """The accounts, and in which second somebody last signed in to each; the latest is last."""

    @classmethod
    def new(cls) -> Self:
        return cls(uuid4(), {})

    @classmethod
    def of_bytes(cls, kept: bytes) -> Self:
        """Only of what was sealed: the length is one that `to_bytes` makes."""
        entries = range(_ID_BYTES, len(kept), _ENTRY_BYTES)
        return cls(
            UUID(bytes=kept[:_ID_BYTES]),
            {
                UserId(UUID(bytes=kept[at : at + _ID_BYTES])): int.from_bytes(
                    kept[at + _ID_BYTES : at + _ENTRY_BYTES], "big"
                )
                for at in entries
            },
        )

    def to_bytes(self) -> bytes:
        entries = (
            user_id.bytes + seconds.to_bytes(_SECONDS_BYTES, "big")
            for user_id, seconds in self.signed_in.items()
        )
        return self.id.bytes + b"".join(entries)

    def knows(self, user_id: UserId, *, now: datetime) -> bool:
        seconds = self.signed_in.get(user_id)
        return seconds is not None and seconds + LIFETIME.total_seconds() > now.timestamp()

    def having(self, user_id: UserId, *, now: datetime) -> "Browser":
        """The browser after somebody has signed in to an account there."""
        others = [entry for entry in self.signed_in.items() if entry[0] != user_id]
        kept = [*others, (user_id, int(now.timestamp()))][-ACCOUNTS_MAX:]
        return Browser(self.id, dict(kept))


def read(
    request: Request, settings: Settings, sealer: Sealer, *, own_origin: str
) -> Browser | None:
    """The browser that a password comes from; none where another site made it come."""
    try:
        cookies.check_origin(settings, request.headers, own_origin=own_origin)
    except CsrfFailed:
        return None
    return _read(request, settings, sealer)


def remember(
    request: Request,
    response: Response,
    settings: Settings,
    sealer: Sealer,
    page: cookies.AllowedPage,
    *,
    user_id: UserId,
    now: datetime,
) -> None:
    """Let the browser be known for somebody who has just signed in with it."""
    browser = _read(request, settings, sealer) or Browser.new()
    _keep(response, settings, sealer, page, browser.having(user_id, now=now))


def reseal(
    request: Request,
    response: Response,
    settings: Settings,
    sealer: Sealer,
    page: cookies.AllowedPage,
) -> None:
    """Give the browser its cookie anew if a previous key has sealed it: that key will go."""
    sealed = _sealed(request, settings)
    if sealed and not sealed.startswith(sealer.key_id):
        browser = _read(request, settings, sealer)
        if browser is not None:
            _keep(response, settings, sealer, page, browser)


def _read(request: Request, settings: Settings, sealer: Sealer) -> Browser | None:
    """A cookie that is not ours is none."""
    sealed = _sealed(request, settings)
    try:
        return Browser.of_bytes(sealer.unseal(sealed, place=_PLACE)) if sealed else None
    except Unsealable:
        return None


def _keep(
    response: Response,
    settings: Settings,
    sealer: Sealer,
    page: cookies.AllowedPage,
    browser: Browser,
) -> None:
    sealed = sealer.seal(browser.to_bytes(), place=_PLACE)
    text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    cookies.set_browser(response, settings, text, page, lifetime=LIFETIME)


def _sealed(request: Request, settings: Settings) -> bytes:
    text = cookies.browser(request, settings)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
