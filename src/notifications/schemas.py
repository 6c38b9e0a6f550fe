"""Messages as rows and answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from src.notifications.constants import Channel, State

MessageId = NewType("MessageId", UUID)


@dataclass(slots=True)
class WaitingSecret:
    """A message that is to be sent; its params are sealed."""

    id: MessageId
    channel: Channel
    template: str
    recipient: str
    locale: str
    params: bytes
    created_at: datetime


@dataclass(slots=True)
class KeptSecret:
    """A message that can still be read; its params are sealed."""

    id: MessageId
    channel: Channel
    template: str
    recipient: str
    locale: str
    params: bytes
    state: State
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words. An SMS has neither subject nor HTML."""

    language: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What goes out."""

    id: MessageId
    recipient: str
    created_at: datetime
    rendered: Rendered


@dataclass(slots=True)
class Postponed:
    """How a failed attempt has left a message; `next_job` is the one that tries again."""

    state: State
    attempts: int
    next_job: int | None


@dataclass(slots=True)
class Backlog:
    """What waits, since how many seconds the oldest, and what was given up in the last month."""

    queued: int
    oldest_seconds: float
    dead: int


@dataclass(slots=True)
class OutboxMessage:
    """A message as its reader will see it. `link` and `code` are what it is about, if it has any.

    `html` is empty for an SMS, `subject` too.
    """

    id: MessageId
    channel: Channel
    template: str
    to: str
    language: str
    subject: str
    text: str
    html: str
    link: str | None
    code: str | None
    state: State
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None
