"""Keyset pages: a cursor is the last row's place in the order, opaque to the caller.

A page is built by one statement, which writes the cursor too: the instant of the last row, as JSON
writes it, an underscore, and its id.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from src.exceptions import BadRequest, ErrorCode

_CURSOR = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"
    r"_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


class InvalidCursor(BadRequest):
    code = ErrorCode.INVALID_CURSOR
    message = "The cursor is not one that this list gave."


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in a list that is ordered by time, then by id."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How much of a list to fetch, and from where."""

    limit: int
    cursor: str | None

    def place(self) -> Place | None:
        """The place to go on from; None at the start. Raises InvalidCursor."""
        if self.cursor is None:
            return None
        parts = _CURSOR.fullmatch(self.cursor)
        if parts is None:
            raise InvalidCursor()
        try:
            at = datetime.fromisoformat(parts[1])
        except ValueError as exc:  # no such day
            raise InvalidCursor() from exc
        return Place(at, UUID(parts[2]))

    def number(self) -> int | None:
        """As `place`, in a list that is ordered by an identity column."""
        if self.cursor is None:
            return None
        if not _NUMBER.fullmatch(self.cursor):
            raise InvalidCursor()
        return int(self.cursor)
