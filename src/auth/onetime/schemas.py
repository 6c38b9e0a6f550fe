"""Secrets of one use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.auth.onetime.constants import CODE_DIGITS, Purpose
from src.schemas import Payload
from src.users.schemas import Email, UserId

FlowId = NewType("FlowId", UUID)

SentToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]
SentCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=CODE_DIGITS,
        max_length=CODE_DIGITS,
        pattern=r"^[0-9]+$",
    ),
    Field(examples=["402917"]),
]


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """What has been made, on its way to the one it is for. Only hashes are kept of it.

    `code` may be typed where `token` is clicked; each is spent by spending the other.
    """

    flow_id: FlowId
    token: str
    code: str
    expires_at: datetime


class MailRequest(Payload):
    """Whom to send a mail, if an account has this address."""

    email: Email


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What somebody has asked for by naming an address, whether or not anybody has it."""

    flow_id: FlowId
    expires_at: datetime


@dataclass(slots=True)
class Recipient:
    """The account behind the address that something was asked for, where there is one."""

    user_id: UserId
    email: str
    locale: str
    detail: dict[str, Any]
    """What was kept beside the secret when it was asked for."""


@dataclass(slots=True)
class OneTimeToken:
    """A secret that was presented, or could be."""

    flow_id: FlowId
    purpose: Purpose
    target: str
    """What it is bound to: an address or a number, folded; or whatever makes it unique."""
    user_id: UserId | None
    detail: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    is_expired: bool
    is_spent: bool
