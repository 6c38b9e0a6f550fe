"""Wrong statements: result columns, their types, how many rows, JSON."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from psycopg.types.range import Range
from pydantic import NaiveDatetime

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    CopyId,
    LoanId,
    Named,
    Numbered,
    ReaderId,
    State,
    TokenId,
)
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("type", "str for uuid")
@sql("SELECT id FROM branch WHERE code = %(code)s")
async def str_for_uuid(conn: Connection, *, code: str) -> str | None: ...


@dataclass(slots=True)
class Total:
    total: int


@wrong("type", "sum(bigint) is numeric")
@sql("SELECT coalesce(sum(id), 0) AS total FROM author")
async def sum_of_bigint(conn: Connection) -> Total: ...


@wrong("type", "avg(integer) is numeric")
@sql("SELECT coalesce(avg(pages), 0) AS total FROM book")
async def average(conn: Connection) -> Total: ...


@dataclass(slots=True)
class Price:
    price: float | None


@wrong("type", "numeric read as float")
@sql("SELECT price FROM book WHERE id = %(book_id)s")
async def numeric_as_float(conn: Connection, *, book_id: BookId) -> Price | None: ...


@dataclass(slots=True)
class Moment:
    at: datetime


@dataclass(slots=True)
class Day:
    day: date


@wrong("type", "date read as datetime")
@sql("SELECT due_on AS at FROM loan WHERE id = %(loan_id)s")
async def date_as_datetime(conn: Connection, *, loan_id: LoanId) -> Moment | None: ...


@wrong("type", "timestamptz read as date")
@sql("SELECT lent_at AS day FROM loan WHERE id = %(loan_id)s")
async def datetime_as_date(conn: Connection, *, loan_id: LoanId) -> Day | None: ...


@dataclass(slots=True)
class Naive:
    at: NaiveDatetime


@wrong("type", "timestamptz read as naive")
@sql("SELECT lent_at AS at FROM loan WHERE id = %(loan_id)s")
async def aware_as_naive(conn: Connection, *, loan_id: LoanId) -> Naive | None: ...


@dataclass(slots=True)
class MaybeMoment:
    at: datetime | None


@wrong("type", "timestamp without a zone")
@sql("SELECT legacy_at AS at FROM book WHERE id = %(book_id)s")
async def naive_as_aware(conn: Connection, *, book_id: BookId) -> MaybeMoment | None: ...


@dataclass(slots=True)
class Minutes:
    reading: int | None


@wrong("type", "interval read as int")
@sql("SELECT reading FROM book WHERE id = %(book_id)s")
async def interval_as_int(conn: Connection, *, book_id: BookId) -> Minutes | None: ...


@dataclass(slots=True)
class Ranked:
    rank: Literal["guest", "reader", "librarian"]


@wrong("type", "an enum with one label too few")
@sql("SELECT rank FROM reader WHERE id = %(reader_id)s")
async def label_missing(conn: Connection, *, reader_id: ReaderId) -> Ranked | None: ...


@dataclass(slots=True)
class Stated:
    state: State


@wrong("type", "an enum of something else")
@sql("SELECT kind AS state FROM branch WHERE id = %(branch_id)s")
async def another_enum(conn: Connection, *, branch_id: BranchId) -> Stated | None: ...


@dataclass(slots=True)
class EventKind:
    kind: Literal["login", "logout"]


@wrong("type", "free text read as Literal")
@sql("SELECT kind FROM event WHERE branch_id = %(branch_id)s ORDER BY at, id")
async def free_text(conn: Connection, *, branch_id: BranchId) -> list[EventKind]: ...


@wrong("type", "a literal that is not among them")
@sql("SELECT CASE WHEN is_adult THEN 'login' ELSE 'none' END AS kind FROM book ORDER BY id")
async def another_literal(conn: Connection) -> list[EventKind]: ...


@wrong("type", "a set operation adds a literal")
@sql("SELECT 'login' AS kind UNION ALL SELECT 'reset'")
async def literal_in_union(conn: Connection) -> list[EventKind]: ...


@dataclass(slots=True)
class Tags:
    tags: str


@wrong("type", "an array read as text")
@sql("SELECT tags FROM book WHERE id = %(book_id)s")
async def array_as_text(conn: Connection, *, book_id: BookId) -> Tags | None: ...


@dataclass(slots=True)
class Photo:
    photo: str | None


@wrong("type", "bytea read as str")
@sql("SELECT photo FROM reader WHERE id = %(reader_id)s")
async def bytes_as_str(conn: Connection, *, reader_id: ReaderId) -> Photo | None: ...


@dataclass(slots=True)
class Validity:
    validity: Range[date]


@wrong("type", "a range of another type")
@sql("SELECT validity FROM token WHERE id = %(token_id)s")
async def another_range(conn: Connection, *, token_id: TokenId) -> Validity | None: ...


@dataclass(slots=True)
class Opening:
    opening: str


@wrong("type", "jsonb read as str")
@sql("SELECT opening FROM branch WHERE id = %(branch_id)s")
async def json_as_str(conn: Connection, *, branch_id: BranchId) -> Opening | None: ...


@wrong("type", "bool read as int")
@sql("SELECT is_adult AS total FROM book WHERE id = %(book_id)s")
async def bool_as_int(conn: Connection, *, book_id: BookId) -> Total | None: ...


# ---- columns ----


@wrong("columns", "missing from RETURNING")
@sql("UPDATE author SET name = %(name)s WHERE id = %(author_id)s RETURNING id")
async def lacks_a_column(conn: Connection, *, author_id: int, name: str) -> Numbered | None: ...


@wrong("columns", "one too many")
@sql("SELECT id, name, died_on FROM author WHERE id = %(author_id)s")
async def one_too_many(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("columns", "no name")
@sql("SELECT id, name || '!' FROM author WHERE id = %(author_id)s")
async def nameless(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("columns", "the same name twice")
@sql(
    """
    SELECT reader.id, reader.name, branch.name
      FROM reader
      JOIN branch ON branch.id = reader.branch_id
     WHERE reader.id = %(reader_id)s
    """
)
async def twice(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("columns", "another name")
@sql("SELECT id, name AS title FROM author WHERE id = %(author_id)s")
async def another_name(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("result", "no RETURNING")
@sql("UPDATE author SET name = %(name)s WHERE id = %(author_id)s")
async def no_returning(conn: Connection, *, author_id: int, name: str) -> Numbered: ...


@wrong("result", "two columns for one value")
@sql("SELECT count(*), count(died_on) AS dead FROM author")
async def two_for_one(conn: Connection) -> int: ...


@wrong("result", "rows against None")
@sql("SELECT id FROM author WHERE id = %(author_id)s")
async def rows_for_none(conn: Connection, *, author_id: int) -> None: ...


@wrong("result", "a list without RETURNING")
@sql("UPDATE copy SET state = 'lost' WHERE branch_id = %(branch_id)s")
async def list_of_nothing(conn: Connection, *, branch_id: BranchId) -> list[CopyId]: ...


# ---- rows ----


@wrong("rows", "half of a key")
@sql("SELECT author_id AS id, 'x' AS name FROM book_author WHERE book_id = %(book_id)s")
async def half_a_key(conn: Connection, *, book_id: BookId) -> Numbered | None: ...


@wrong("rows", "a join multiplies the row")
@sql(
    """
    SELECT branch.id, reader.name
      FROM branch
      JOIN reader ON reader.branch_id = branch.id
     WHERE branch.id = %(branch_id)s
    """
)
async def multiplied(conn: Connection, *, branch_id: BranchId) -> Named | None: ...


@wrong("rows", "a partial unique index without its predicate")
@sql("SELECT id, name FROM reader WHERE email = %(email)s -- allow scan")
async def without_predicate(conn: Connection, *, email: str) -> Named | None: ...


@wrong("rows", "grouped by something else")
@sql(
    """
    SELECT state, count(*) AS copies
      FROM copy
     WHERE branch_id = %(branch_id)s
     GROUP BY state
    """
)
async def grouped(conn: Connection, *, branch_id: BranchId) -> "StateCount": ...


@dataclass(slots=True)
class StateCount:
    state: State
    copies: int


@wrong("rows", "an update of several rows")
@sql("UPDATE copy SET state = 'lost' WHERE branch_id = %(branch_id)s RETURNING id")
async def several_updated(conn: Connection, *, branch_id: BranchId) -> CopyId | None: ...


@wrong("rows", "LIMIT 2")
@sql("SELECT id, name FROM author ORDER BY id LIMIT 2")
async def two_rows(conn: Connection) -> Numbered | None: ...


@wrong("rows", "a set in the result")
@sql("SELECT unnest(tags) FROM book WHERE id = %(book_id)s")
async def set_in_result(conn: Connection, *, book_id: BookId) -> str: ...


@wrong("rows", "equality under OR")
@sql("SELECT id, name FROM author WHERE id = %(one)s OR id = %(two)s")
async def either(conn: Connection, *, one: int, two: int) -> Numbered | None: ...


@wrong("rows", "an inequality")
@sql("SELECT id, name FROM author WHERE id >= %(author_id)s")
async def at_least(conn: Connection, *, author_id: int) -> Numbered | None: ...


# ---- streams ----


@wrong("sql", "a stream that writes")
@sql(
    """
    WITH gone AS (
        DELETE FROM event
         WHERE branch_id = %(branch_id)s
        RETURNING id
    )
    SELECT id FROM gone
    """
)
def writing_stream(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[int]: ...


@wrong("stub", "an async stream")
@sql("SELECT id FROM event WHERE branch_id = %(branch_id)s ORDER BY id")
async def async_stream(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[int]: ...


@wrong("null", "NULL in a stream")
@sql("SELECT actor_id FROM event WHERE branch_id = %(branch_id)s ORDER BY at, id")
def nullable_stream(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[ReaderId]: ...
