"""Ids, values and rows that the statements share."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

BranchId = NewType("BranchId", UUID)
ReaderId = NewType("ReaderId", UUID)
AuthorId = NewType("AuthorId", int)
BookId = NewType("BookId", UUID)
TokenId = NewType("TokenId", UUID)
VisitId = NewType("VisitId", UUID)
CopyId = NewType("CopyId", int)
LoanId = NewType("LoanId", int)
Rank = Literal["guest", "reader", "librarian", "director"]
Json = dict[str, object]


class Kind(StrEnum):
    CITY = "city"
    SCHOOL = "school"
    MOBILE = "mobile"


class State(StrEnum):
    SHELVED = "shelved"
    LENT = "lent"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class Taken(Exception):
    """Somebody else has it."""


class Unknown(Exception):
    """There is no such thing."""


@dataclass(slots=True)
class Branch:
    id: BranchId
    code: str
    name: str
    kind: Kind
    opening: Json
    created_at: datetime


@dataclass(slots=True)
class Reader:
    id: ReaderId
    name: str
    nickname: str | None


@dataclass(slots=True)
class Loan:
    id: LoanId
    copy_id: CopyId
    due_on: date
    returned_at: datetime | None


@dataclass(slots=True)
class Named:
    id: UUID
    name: str


@dataclass(slots=True)
class Numbered:
    id: int
    name: str


@dataclass(slots=True)
class Notification:
    channel: str
    payload: str
