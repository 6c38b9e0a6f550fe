"""Teams as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from src.schemas import Payload
from src.teams.constants import NAME_MAX, Role

TeamId = NewType("TeamId", UUID)


def _printable(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("invalid_characters", "Only printable characters are allowed.")
    return value


TeamName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    AfterValidator(_printable),
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
