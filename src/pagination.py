"""Keyset pages: a cursor is the last row's place in the order, opaque to the caller."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from src.exceptions import BadRequest, ErrorCode
from src.schemas import Page

T = TypeVar("T")


class InvalidCursor(BadRequest):
    code = ErrorCode.INVALID_CURSOR
    message = "The cursor is not one that this list gave."


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in a list that is ordered by time, then by id."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        text = json.dumps([self.at.isoformat(), str(self.id)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How much of a list to fetch, and from where."""

    limit: int
    cursor: str | None

    @property
    def fetch(self) -> int:
        """Rows to fetch: one more than asked for tells whether there is a next page."""
        return self.limit + 1

    def place(self) -> Place | None:
        """The place to go on from; None at the start. Raises InvalidCursor."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            at, key = json.loads(base64.urlsafe_b64decode(padded))
            place = Place(datetime.fromisoformat(at), UUID(key))
        except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as exc:
            raise InvalidCursor() from exc
        if place.at.tzinfo is None:
            raise InvalidCursor()
        return place

    def page(self, rows: Sequence[T], place_of: Callable[[T], Place]) -> Page[T]:
        """The page made of the rows that `fetch` asked for."""
        items = list(rows[: self.limit])
        has_more = len(rows) > self.limit
        return Page(items=items, next_cursor=place_of(items[-1]).encode() if has_more else None)
