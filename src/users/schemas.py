"""Accounts as rows, and the fields that payloads share."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, NewType
from uuid import UUID

import babel.core
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from src.schemas import Flag, Payload, Printable, Zone
from src.users.constants import EMAIL_MAX, NAME_MAX, USERNAME_MAX, USERNAME_MIN, Status, ThemeMode

UserId = NewType("UserId", UUID)


def _normal_email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as exc:
        raise PydanticCustomError("invalid_email", "{reason}", {"reason": str(exc)}) from exc


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=EMAIL_MAX),
    AfterValidator(_normal_email),
    Field(examples=["ann@example.org"]),
]
Username = Annotated[
    str,
    StringConstraints(
        min_length=USERNAME_MIN, max_length=USERNAME_MAX, pattern=r"^[A-Za-z0-9_.-]+$"
    ),
    Field(description="Letters, digits, `_`, `.` and `-`; compared without case."),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NAME_MAX), Printable]


@cache
def _known_codes() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The languages, scripts and territories that the Unicode CLDR has names for."""
    names = babel.Locale("en")
    return frozenset(names.languages), frozenset(names.scripts), frozenset(names.territories)


def _normal_locale(value: str) -> str:
    """The tag as BCP 47 would have it written: `en-US`, `zh-Hant-TW`."""
    languages, scripts, territories = _known_codes()
    try:
        language, territory, script, variant, *_ = babel.core.parse_locale(value, sep="-")
    except ValueError:
        language, territory, script, variant = "", None, None, None
    is_known = (
        language in languages - {"und"}
        and (not script or script in scripts)
        and (not territory or territory in territories)
    )
    if not is_known:
        raise PydanticCustomError("unknown_locale", "This is no language tag, such as `en-US`.")
    parts = (language, script, territory, variant and variant.lower())
    return "-".join(part for part in parts if part)


Locale = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35),
    AfterValidator(_normal_locale),
    Field(examples=["en-US"]),
]


@dataclass(slots=True)
class LockedUser:
    """An account, as far as it matters to who wants to sign in to it."""

    id: UserId
    is_active: bool
    is_deleting: bool
    is_email_verified: bool


@dataclass(slots=True)
class User:
    """An account, as its owner sees it."""

    id: UserId
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    locale: str
    time_zone: str
    status: Status
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProfileUpdate(Payload):
    """What is absent or null stays as it is; an empty name takes the name away."""

    username: Username | None = None
    given_name: Name | None = None
    family_name: Name | None = None
    display_name: Name | None = None
    locale: Locale | None = None
    time_zone: Zone | None = None


Colour = Annotated[
    str,
    StringConstraints(to_lower=True, pattern=r"^#[0-9A-Fa-f]{6}$"),
    Field(description="`#rrggbb`, kept in lower case.", examples=["#2a6f97"]),
]


@dataclass(slots=True)
class Theme:
    mode: ThemeMode
    accent: str | None


@dataclass(slots=True)
class Notifications:
    """Ways to be told of things. What concerns the safety of the account always comes by mail."""

    mails: bool
    pushes: bool


@dataclass(slots=True)
class Preferences:
    """How somebody likes the service to look, and to reach them."""

    theme: Theme
    notifications: Notifications


class ThemeUpdate(Payload):
    mode: ThemeMode | None = None
    accent: Colour | None = None


class NotificationsUpdate(Payload):
    mails: Flag | None = None
    pushes: Flag | None = None


class PreferencesUpdate(Payload):
    """What is absent or null stays as it is."""

    theme: Annotated[ThemeUpdate, Field(default_factory=ThemeUpdate)]
    notifications: Annotated[NotificationsUpdate, Field(default_factory=NotificationsUpdate)]


@dataclass(slots=True)
class TakenNames:
    """Whether somebody has this email, and this username."""

    has_email: bool
    has_username: bool


@dataclass(slots=True)
class KnownUser:
    """Where to write to somebody, and whether the address has been proved to be theirs."""

    id: UserId
    email: str
    locale: str
    is_verified: bool
