"""Teams as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.database import Json
from src.schemas import Payload, Printable, Zone
from src.teams.constants import NAME_MAX, SLUG_MAX, SLUG_MIN, InvitedRole, InvitingRole, Role
from src.users.constants import Kind
from src.users.schemas import Locale, UserId

TeamId = NewType("TeamId", UUID)


TeamName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    Printable,
    Field(examples=["Birds"]),
]
Slug = Annotated[
    str,
    StringConstraints(
        to_lower=True, min_length=SLUG_MIN, max_length=SLUG_MAX, pattern=r"^[A-Za-z0-9-]+$"
    ),
    Field(
        description="What addresses call the team: letters, digits and hyphens, kept in lower "
        "case. No two teams have the same.",
        examples=["birds"],
    ),
]


class NewTeamSettings(Payload):
    time_zone: Zone = "UTC"
    locale: Locale = "en"
    invitations_by: InvitingRole = InvitingRole.ADMIN
    default_invitation_role: InvitedRole = InvitedRole.VIEWER


class TeamCreate(Payload):
    name: TeamName
    slug: Annotated[
        Slug | None, Field(description="Without one, the team gets an address made of its name.")
    ] = None
    settings: Annotated[NewTeamSettings, Field(default_factory=NewTeamSettings)]


class TeamUpdate(Payload):
    """What is absent or null stays as it is."""

    name: TeamName | None = None
    slug: Slug | None = None


class TeamSettingsUpdate(Payload):
    """What is absent or null stays as it is."""

    time_zone: Zone | None = None
    locale: Locale | None = None
    invitations_by: InvitingRole | None = None
    default_invitation_role: InvitedRole | None = None


class TeamDelete(Payload):
    confirm: Annotated[str, Field(max_length=NAME_MAX, description="The team's name.")]


class MemberUpdate(Payload):
    role: Role


class OwnershipTransfer(Payload):
    user_id: Annotated[UserId, Field(description="The member who becomes owner.")]
    demote_self_to: Annotated[InvitedRole, Field(description="What you are from then on.")] = (
        InvitedRole.ADMIN
    )


@dataclass(slots=True)
class TeamSettings:
    """What a team has settled for itself."""

    time_zone: str
    locale: str
    invitations_by: Annotated[InvitingRole, Field(description="The least role that may invite.")]
    default_invitation_role: Annotated[
        InvitedRole, Field(description="The role of an invitation that names none.")
    ]


@dataclass(slots=True)
class Team:
    """A team, as seen by one of its members."""

    id: TeamId
    name: str
    slug: str
    settings: TeamSettings
    my_role: Role
    member_count: int
    version: Annotated[int, Field(description="Grows with each change; the ETag, in quotes.")]
    created_at: datetime
    updated_at: datetime
    deleted_at: Annotated[
        datetime | None, Field(description="Owners may restore the team for 30 days after it.")
    ]


@dataclass(slots=True)
class MyTeam:
    """A team as routes know it: what the caller is in it, and what it has settled on."""

    id: TeamId
    name: str
    my_role: Role
    invitations_by: InvitingRole
    default_invitation_role: InvitedRole


@dataclass(slots=True)
class CreatedTeam:
    """A new team, and what its creator sees of it."""

    id: TeamId
    body: Json[Team]


@dataclass(slots=True)
class TeamVersion:
    """A team on its way to a member, and the number of its state."""

    version: int
    body: Json[Team]


@dataclass(slots=True)
class MemberUser:
    """Who a member is: a service account is a program of the team's."""

    id: UserId
    kind: Kind
    username: str | None
    display_name: str
    email: Annotated[str | None, Field(description="Shown to admins and owners only.")]


@dataclass(slots=True)
class Member:
    """Somebody in a team."""

    user: MemberUser
    role: Role
    joined_at: datetime


@dataclass(slots=True)
class OwnedTeam:
    """A team, to somebody who owns it."""

    id: TeamId
    name: str


@dataclass(slots=True)
class Standing:
    """What two people are in a team: who acts, and whom it is done to (None: no member)."""

    own_role: Role
    role: Role | None
    owners: int
    """Those that stay: whose account is being deleted is none."""


@dataclass(slots=True)
class EventActor:
    """Who did it."""

    id: UserId
    kind: Kind
    username: str | None
    display_name: str


@dataclass(slots=True)
class TeamEvent:
    """One line of a team's audit trail."""

    id: int
    at: datetime
    action: Annotated[str, Field(examples=["team.member_removed"])]
    actor: Annotated[EventActor | None, Field(description="Null where the service itself did it.")]
    key_id: Annotated[
        UUID | None, Field(description="The API key by which it was done, if by one.")
    ]
    object_id: Annotated[UUID | None, Field(description="What it was done to.")]
    detail: dict[str, Any]


@dataclass(slots=True)
class DeletedTeam:
    """A team whose days of grace are over."""

    id: TeamId
    deleted_at: datetime


@dataclass(slots=True)
class Person:
    """Somebody, as members of their teams see them."""

    id: UserId
    kind: Kind
    username: str | None
    display_name: str
