"""What leaving takes and answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.auth.onetime.schemas import SentToken
from src.privacy.constants import CONFIRM_MAX, ExportState
from src.schemas import Payload
from src.users.constants import Status
from src.users.schemas import UserId

ExportId = NewType("ExportId", UUID)
RunId = NewType("RunId", UUID)


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


@dataclass(slots=True)
class Export:
    """Everything that the service knows of its user, being gathered or ready to be fetched."""

    id: ExportId
    state: ExportState
    size: int | None
    """Of the file, in bytes, once it is ready."""
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime


@dataclass(slots=True)
class ExportFile:
    """An export that can be fetched."""

    id: ExportId
    user_id: UserId
    run: RunId
    size: int


@dataclass(slots=True)
class FinishedExport:
    """An export that has just become ready, and whom to tell."""

    email: str
    locale: str
    page: str
