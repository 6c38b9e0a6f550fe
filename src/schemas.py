"""Shapes that every domain shares."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated, Generic, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

T = TypeVar("T")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("invalid_characters", "Only printable characters are allowed.")
    return value


Printable = AfterValidator(_printable)
"""For names and titles: no line breaks, no control characters, nothing a database cannot hold."""


def _storable(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("invalid_characters", "NUL characters cannot be stored.")
    return value


Storable = AfterValidator(_storable)
"""For texts of several lines: whatever a database can hold."""


def _true_or_false(value: object) -> object:
    if not isinstance(value, bool):
        raise PydanticCustomError("wrong_type", "This is neither true nor false.")
    return value


Flag = Annotated[bool, BeforeValidator(_true_or_false)]
"""True or false, in a body: no number and no text stands for either."""


def _no_text(value: object) -> object:
    if isinstance(value, bool | str):
        raise PydanticCustomError("wrong_type", "This is no number.")
    return value


Whole = Annotated[int, BeforeValidator(_no_text)]
"""A whole number, in a body: no text stands for one."""


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _written(value: object) -> object:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE.match(value)):
        raise PydanticCustomError("wrong_format", "Write the time as 2026-11-01T00:00:00Z.")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time as RFC 3339 has it, with its time zone: no number of seconds stands for one."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(value: str) -> str:
    if value not in _zones():
        raise PydanticCustomError("unknown_zone", "This is no IANA time zone.")
    return value


Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)]


class Payload(BaseModel):
    """What a caller sends: a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class FieldProblem(BaseModel):
    """One thing wrong with the payload."""

    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901) to the place.")]
    code: Annotated[str, Field(description="Stable name of the mistake.")]
    detail: Annotated[str, Field(description="The mistake in words.")]


class Problem(BaseModel):
    """Every failure, as RFC 9457 lays it down, with a stable `code` for programs to switch on.

    A code may bring members of its own.
    """

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(description="URI of the kind of problem.")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="Path of the request, `***` for a secret in it.")]
    code: str
    request_id: Annotated[str, Field(description="Also in the header `X-Request-Id`.")]
    trace_id: Annotated[str, Field(description="W3C trace id, as on the log lines.")]
    errors: Annotated[
        list[FieldProblem] | None, Field(description="On 422: everything wrong with the payload.")
    ] = None


class Page(BaseModel, Generic[T]):
    """A slice of a list; `next_cursor` fetches the slice after it and is null at the end."""

    items: list[T]
    next_cursor: str | None
