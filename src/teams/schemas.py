"""Teams as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.database import Json
from src.schemas import Payload, Printable
from src.teams.constants import NAME_MAX, Role

TeamId = NewType("TeamId", UUID)


TeamName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    Printable,
    Field(examples=["Birds"]),
]


class TeamCreate(Payload):
    name: TeamName


@dataclass(slots=True)
class Team:
    """A team, as seen by one of its members."""

    id: TeamId
    name: str
    my_role: Role
    member_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class CreatedTeam:
    """A new team, and what its creator sees of it."""

    id: TeamId
    body: Json[Team]
