"""Invitations as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from pydantic import Field

from src.invitations.constants import (
    EXPIRES_IN_DEFAULT,
    EXPIRES_IN_MAX,
    EXPIRES_IN_MIN,
    MAX_USES_MAX,
    Kind,
    State,
)
from src.schemas import Flag, Payload, Whole
from src.teams.constants import Role
from src.teams.schemas import TeamId
from src.users.schemas import Email, UserId

InvitationId = NewType("InvitationId", UUID)

ExpiresIn = Annotated[
    Whole,
    Field(ge=EXPIRES_IN_MIN, le=EXPIRES_IN_MAX, description="Seconds from now until it expires."),
]


class InvitationCreate(Payload):
    """Whom to invite. Of kind `email` it names an address, and works once, for that account only.

    Without a role it is the team's `default_invitation_role`.
    """

    kind: Kind
    email: Email | None = None
    role: Role | None = None
    expires_in: ExpiresIn = EXPIRES_IN_DEFAULT
    max_uses: Annotated[
        Whole, Field(ge=1, le=MAX_USES_MAX, description="How many may join by it; 1 for an email.")
    ] = 1


class InvitationUpdate(Payload):
    """What is left out stays as it is."""

    active: Flag | None = None
    role: Role | None = None
    expires_in: ExpiresIn | None = None


@dataclass(slots=True)
class Invitation:
    """An invitation, as the admins of its team see it: without its secret."""

    id: InvitationId
    team_id: TeamId
    kind: Kind
    email: str | None
    role: Role
    state: State
    active: bool
    uses: int
    max_uses: int
    invited_by: UserId
    inviter_name: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class LinkedInvitation(Invitation):
    """An invitation with its secret, which is told this once, and the link that holds it."""

    token: str
    url: str


@dataclass(slots=True)
class Preview:
    """An invitation, as whoever has its link sees it. `email_hint` is null for a link."""

    team_name: str
    role: Role
    kind: Kind
    state: State
    inviter_name: str | None
    email_hint: str | None
    expires_at: datetime


@dataclass(slots=True)
class MyInvitation:
    """An invitation, as the person sees it whom it names."""

    id: InvitationId
    team_id: TeamId
    team_name: str
    role: Role
    inviter_name: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class Membership:
    """What came of accepting."""

    team_id: TeamId
    team_name: str
    role: Role
    joined_at: datetime


@dataclass(slots=True)
class Found:
    """Which invitation it is that somebody speaks of."""

    id: InvitationId
    team_id: TeamId
