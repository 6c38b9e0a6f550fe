"""Accounts, events and keys, as operators of the platform see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from src.auth.api_keys.schemas import ApiKeyId
from src.auth.constants import KeyState
from src.management.constants import HASH_MAX, REASON_MAX, SALT_MAX
from src.permissions import PlatformRole
from src.schemas import Flag, Moment, Payload, Printable, Zone
from src.users.constants import Status
from src.users.schemas import Email, Locale, Name, UserId, Username

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=REASON_MAX),
    Printable,
    Field(description="Why: it goes into the audit trail.", examples=["asked for it by phone"]),
]


Since = Annotated[Moment, Field(examples=["2026-11-01T00:00:00Z"])]


def _ordered(roles: list[PlatformRole]) -> list[PlatformRole]:
    """Each once."""
    return sorted(set(roles))


Roles = Annotated[list[PlatformRole], Field(max_length=len(PlatformRole)), AfterValidator(_ordered)]


class Reasoned(Payload):
    """Why something is done to an account."""

    reason: Reason


class UserCreate(Reasoned):
    """An account for somebody, who chooses the password by the mail that they get."""

    email: Email
    username: Username | None = None
    given_name: Name = ""
    family_name: Name = ""
    locale: Locale = "en"


class ImportedUser(Payload):
    """An account that another system has had. What is null is as if it were absent."""

    email: Email
    email_verified: Flag = False
    username: Username | None = None
    given_name: Name = ""
    family_name: Name = ""
    display_name: Name = ""
    locale: Locale = "en"
    time_zone: Zone = "UTC"
    password_hash: Annotated[str, Field(min_length=1, max_length=HASH_MAX)] | None = None
    password_salt: Annotated[str, Field(min_length=1, max_length=SALT_MAX)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        return {name: value for name, value in sent.items() if value is not None}


class UserUpdate(Reasoned):
    """Whether the account may be used."""

    disabled: Flag


class RolesUpdate(Reasoned):
    """All platform roles that the account is to have."""

    roles: Roles


@dataclass(slots=True)
class ListedUser:
    """An account, as operators see it in lists."""

    id: UserId
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    status: Status
    roles: list[PlatformRole]
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class ManagedUser:
    """An account, as operators see it: how it can be used, and nothing that lets one use it."""

    id: UserId
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    locale: str
    time_zone: str
    status: Status
    roles: list[PlatformRole]
    has_password: bool
    sessions: int
    """Those that stand."""
    last_seen_at: datetime | None
    email_verified_at: datetime | None
    erase_at: datetime | None
    """When it is erased, while it is being deleted."""
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Target:
    """The account that an operator is about to act on."""

    id: UserId
    status: Status
    email: str
    locale: str
    roles: list[str]
    """Each a `PlatformRole`."""


@dataclass(slots=True)
class Actor:
    """Who has done something. Accounts that have gone leave their id."""

    id: UserId
    email: str | None


@dataclass(slots=True)
class AuditEvent:
    """One line of the audit trail."""

    id: int
    at: datetime
    action: str
    actor: Actor | None
    key_id: Annotated[
        ApiKeyId | None, Field(description="The API key by which it was done, if by one.")
    ]
    team_id: UUID | None
    object_id: UUID | None
    detail: dict[str, Any]


@dataclass(slots=True)
class SigningKey:
    """A key of access tokens, without its private half."""

    kid: str
    state: KeyState
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None


@dataclass(slots=True)
class SigningKeys:
    """All keys whose tokens may still live, and those that have gone lately."""

    items: list[SigningKey]


@dataclass(slots=True)
class SealedSecret:
    """A sealed value, and the id of its row."""

    id: str
    sealed: bytes


@dataclass(slots=True)
class Sent:
    """A mail has been left to be sent."""

    status: Literal["sent"]
