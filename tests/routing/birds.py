"""What the routes of these tests take and answer."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from src.schemas import Payload

Events = list[str]


@dataclass
class Thing:
    name: str
    size: int = 1


class Bird(Payload):
    name: Annotated[str, Field(min_length=1)]
    weight: float | None = None
    colours: tuple[Literal["red", "blue"], ...] = ()
    extra: dict[str, Any] | None = None
    id: UUID | None = None
