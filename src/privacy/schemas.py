"""What leaving takes and answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from src.auth.onetime.schemas import SentToken
from src.privacy.constants import CONFIRM_MAX
from src.schemas import Payload
from src.users.constants import Status
from src.users.schemas import UserId


class AccountDelete(Payload):
    """The name of the account, so that nobody deletes one by accident."""

    confirm: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=CONFIRM_MAX),
        Field(description="Your username or your email.", examples=["ann@example.org"]),
    ]


class DeletionUndo(Payload):
    """The token of the link in the mail about the deletion."""

    token: SentToken


@dataclass(slots=True)
class Deletion:
    """A deletion that can still be taken back."""

    erase_at: datetime


@dataclass(slots=True)
class Leaver:
    """Whose account is to be deleted, and whether they have said so."""

    id: UserId
    email: str
    locale: str
    status: Status
    is_confirmed: bool


@dataclass(slots=True)
class BegunDeletion:
    """An account that is being deleted."""

    erase_at: datetime
    sessions_ended: int


@dataclass(slots=True)
class Addresses:
    """Where somebody was written to; each as it is compared."""

    email: str
    phone: str | None
