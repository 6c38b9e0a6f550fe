"""Right statements: COPY and LISTEN."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    Kind,
    Notification,
    Rank,
    Taken,
    Unknown,
    VisitId,
)
from tests.sqlcheck.declare import Connection, sql


@sql(
    """
    COPY (SELECT reader.name, reader.nickname, count(loan.id) AS loans
            FROM reader
            LEFT JOIN loan ON loan.reader_id = reader.id
           WHERE reader.branch_id = %(branch_id)s
             AND reader.rank = %(rank)s      -- if rank
           GROUP BY reader.id
           ORDER BY reader.name, reader.id)
      TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (name), NULL '')
    """
)
def copy_readers(
    conn: Connection, *, branch_id: BranchId, rank: Rank | None = None
) -> AsyncIterator[bytes]: ...


@sql("COPY (SELECT came_at FROM visit WHERE branch_id = %(b)s ORDER BY branch_id, id) TO STDOUT")
def copy_visits(conn: Connection, *, b: BranchId) -> AsyncIterator[bytes]: ...


@sql("COPY (DELETE FROM event WHERE branch_id = %(b)s AND at < now() RETURNING id) TO STDOUT")
def copy_what_goes(conn: Connection, *, b: BranchId) -> AsyncIterator[bytes]: ...


@dataclass(slots=True)
class NewVisit:
    branch_id: BranchId
    id: VisitId
    reader_id: UUID
    left_at: datetime | None


@sql(
    "COPY visit (id, branch_id, reader_id, left_at) FROM STDIN",
    constraints={"visit_pkey": Taken},
)
async def fill_visits(conn: Connection, *, rows: Iterable[NewVisit]) -> int: ...


@dataclass(slots=True)
class NewEvent:
    branch_id: BranchId
    kind: str
    payload: str


@sql(
    """
    COPY event (branch_id, kind, payload) FROM STDIN WITH (ON_ERROR ignore)
    """,
    constraints={"event_branch_id_fkey": Unknown},
)
async def fill_events(conn: Connection, *, rows: Iterable[NewEvent]) -> int:
    """JSON is copied as its text."""
    ...


@dataclass(slots=True)
class NewAuthor:
    id: int
    name: str
    died_on: date | None


@sql("COPY author (id, name, died_on) FROM STDIN", constraints={"author_pkey": Taken})
async def fill_authors(conn: Connection, *, rows: Iterable[NewAuthor]) -> int:
    """A copy gives identity columns their values without further ado."""
    ...


@dataclass(slots=True)
class NewBranch:
    code: str
    name: str
    kind: Kind


@sql("COPY branch (code, name, kind) FROM STDIN", constraints={"branch_code_key": Taken})
async def fill_branches(conn: Connection, *, rows: Iterable[NewBranch]) -> int: ...


@dataclass(slots=True)
class NewBook:
    id: BookId
    isbn: str
    title: str
    tags: list[str]


@sql(
    "COPY book (id, isbn, title, tags) FROM STDIN",
    constraints={"book_pkey": Taken, "book_isbn_key": Taken, "book_isbn_check": Unknown},
)
async def fill_books(conn: Connection, *, rows: Iterable[NewBook]) -> int: ...


@sql("LISTEN arrivals")
def listen(conn: Connection) -> AsyncIterator[Notification]: ...
