"""What must come of a request, worked out from the table of permissions and from nothing else.

The table is read from its file: what the running application makes of it has no part in this.
"""

import importlib.util
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.authorisation.world import KEYS, NOBODY, OPERATORS, UNSIGNED, Who, Whose, role_of
from tests.database import ROOT

SAFE = {"GET", "HEAD", "OPTIONS"}
RANKS = ["viewer", "editor", "admin", "owner"]


class Transport(StrEnum):
    """How a token comes along, and from where."""

    BEARER = "bearer"
    BOTH = "bearer, beside an owner's cookie from another site"
    COOKIE = "cookie"
    NO_CSRF = "cookie without CSRF token"
    OTHER_CSRF = "cookie with another session's CSRF token"
    CROSS_SITE = "cookie, from another site"
    SUBDOMAIN = "cookie, from a sub-domain"
    NO_ORIGIN = "cookie, from nobody knows where"


BY_HEADER = {Transport.BEARER, Transport.BOTH}
BAD_CSRF = {Transport.NO_CSRF, Transport.OTHER_CSRF}
BAD_ORIGIN = {Transport.CROSS_SITE, Transport.SUBDOMAIN, Transport.NO_ORIGIN}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status that must come, and the problem's code where that is known; None: it is let in."""

    status: int
    code: str | None = None


LET_IN = None
UNKNOWN = Verdict(401)
FORGED = Verdict(403, "csrf_failed")
STALE = Verdict(403, "fresh_login_required")
NO_PLATFORM_ROLE = Verdict(403, "platform_role_too_low")
ONE_FACTOR = Verdict(403, "second_factor_required")
UNPROVED = Verdict(403, "email_not_verified")
TOO_LOW = Verdict(403, "role_too_low")
NO_KEYS = Verdict(403, "api_key_not_accepted")
OUT_OF_SCOPE = Verdict(403, "insufficient_scope")


def table() -> dict[str, Any]:
    """The permissions as they are written down, by operation."""
    name = "permissions_as_written"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "src/permissions.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return dict(sys.modules[name].PERMISSIONS)


def has(role: str | None, demanded: str) -> bool:
    return role is not None and RANKS.index(role) >= RANKS.index(demanded)


def expected(
    permission: Any, who: Who, whose: Whose, transport: Transport, method: str
) -> Verdict | None:
    """What a right request must be answered with; LET_IN for whom the operation is."""
    if permission.principal.name == "ANONYMOUS":
        return LET_IN
    if (refused := _known(who, transport, method)) is not None:
        return refused
    if (refused := _admitted(permission, who)) is not None:
        return refused
    if permission.principal.name == "PLATFORM":
        return _operating(permission.platform_role, who)
    return _in_object(permission, who, whose)


def _known(who: Who, transport: Transport, method: str) -> Verdict | None:
    has_cookie = transport not in BY_HEADER and who is not Who.ANONYMOUS
    if has_cookie and method not in SAFE:
        if transport in BAD_ORIGIN:
            return FORGED
        if transport in BAD_CSRF and who not in UNSIGNED:
            return FORGED
    # In a cookie a key is no token.
    is_unknown = who in NOBODY or (who in KEYS and has_cookie)
    return UNKNOWN if is_unknown else LET_IN


def _admitted(permission: Any, who: Who) -> Verdict | None:
    """Whether the operation is for who is known like that, whatever it is about."""
    if who in KEYS and permission.scope not in KEYS[who]:
        return NO_KEYS if permission.scope is None else OUT_OF_SCOPE
    if who in {Who.UNVERIFIED, Who.UNVERIFIED_KEY} and not permission.unverified:
        return UNPROVED
    return STALE if permission.fresh and who is Who.STALE else LET_IN


def _operating(demanded: str | None, who: Who) -> Verdict | None:
    role = OPERATORS.get(who)
    if role is None or role not in {"admin", demanded or role}:
        return NO_PLATFORM_ROLE
    return ONE_FACTOR if who is Who.ONE_FACTOR else LET_IN


def _in_object(permission: Any, who: Who, whose: Whose) -> Verdict | None:
    if permission.on is None:
        return LET_IN
    role = role_of(who, Whose.OWN if whose is Whose.MIXED else whose)
    is_hidden = (whose is Whose.DELETED) is not permission.is_deleted
    if role is None or is_hidden:
        return Verdict(404, f"{permission.on}_not_found")
    if not has(role, permission.role):
        # What has been deleted is there for those alone who may bring it back.
        gone = Verdict(404, f"{permission.on}_not_found")
        return gone if permission.is_deleted else TOO_LOW
    return LET_IN
