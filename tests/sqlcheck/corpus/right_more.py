"""Right statements: longer ones."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypedDict

from pydantic import BaseModel

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    Kind,
    LoanId,
    Named,
    Rank,
    Reader,
    ReaderId,
    State,
    Taken,
    Unknown,
    VisitId,
)
from tests.sqlcheck.declare import Connection, sql


@dataclass(slots=True)
class Dashboard:
    readers: int
    copies: int
    newest: datetime | None
    photos: int


@sql(
    """
    SELECT (SELECT count(*) FROM reader WHERE branch_id = %(branch_id)s) AS readers,
           (SELECT count(*) FROM copy WHERE branch_id = %(branch_id)s) AS copies,
           (SELECT max(created_at) FROM reader WHERE branch_id = %(branch_id)s) AS newest,
           coalesce((SELECT sum(octet_length(photo))
                       FROM reader
                      WHERE branch_id = %(branch_id)s), 0) AS photos
    """
)
async def scalar_sub_queries(conn: Connection, *, branch_id: BranchId) -> Dashboard: ...


@dataclass(slots=True)
class Opening:
    monday: str | None
    is_open: bool
    days: list[str]


@sql(
    """
    SELECT opening ->> 'monday' AS monday,
           coalesce((opening ->> 'open')::boolean, false) AS is_open,
           ARRAY(SELECT jsonb_object_keys(opening) ORDER BY 1) AS days
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def json_operators(conn: Connection, *, branch_id: BranchId) -> Opening | None: ...


@dataclass(slots=True)
class Idle:
    id: ReaderId
    email: str
    state: Literal["never", "idle"]


@sql(
    """
    SELECT reader.id, reader.email,
           CASE WHEN reader.last_visit IS NULL THEN 'never' ELSE 'idle' END AS state
      FROM reader
     WHERE reader.branch_id = %(branch_id)s
       AND (reader.last_visit IS NULL OR reader.last_visit < now() - %(age)s)
       AND NOT EXISTS (SELECT FROM loan WHERE loan.reader_id = reader.id)
     ORDER BY reader.email, reader.id
    """
)
async def not_exists(conn: Connection, *, branch_id: BranchId, age: timedelta) -> list[Idle]: ...


@dataclass(slots=True)
class Stock:
    state: State | None
    copies: int
    grades: int


@sql(
    """
    SELECT state, count(*) AS copies, coalesce(sum(grade), 0) AS grades
      FROM copy
     WHERE branch_id = %(branch_id)s
     GROUP BY ROLLUP (state)
     ORDER BY state NULLS LAST
    """
)
async def grouping_sets(conn: Connection, *, branch_id: BranchId) -> list[Stock]: ...


@dataclass(slots=True)
class KindCount:
    kind: Kind
    branches: int


@sql("SELECT kind, count(*) AS branches FROM branch GROUP BY kind ORDER BY kind")
async def grouped_check(conn: Connection) -> list[KindCount]: ...


@sql(
    """
    WITH placed AS (
        SELECT book_id, author_id, row_number() OVER (ORDER BY place, author_id) AS place
          FROM book_author
         WHERE book_id = %(book_id)s
    )
    UPDATE book_author
       SET place = placed.place
      FROM placed
     WHERE book_author.book_id = placed.book_id
       AND book_author.author_id = placed.author_id
       AND book_author.place <> placed.place
    """
)
async def renumber(conn: Connection, *, book_id: BookId) -> int: ...


@dataclass(slots=True)
class Page:
    id: LoanId
    lent_at: datetime
    title: str
    is_late: bool


@sql(
    """
    SELECT loan.id, loan.lent_at, book.title,
           coalesce(loan.returned_at, now()) > loan.due_on AS is_late
      FROM loan
      JOIN copy ON copy.id = loan.copy_id
      JOIN book ON book.id = copy.book_id
     WHERE loan.reader_id = %(reader_id)s
       AND (loan.lent_at, loan.id) < (%(before)s, %(before_id)s)   -- if before
     ORDER BY loan.lent_at DESC, loan.id DESC
     LIMIT %(limit)s
    """
)
async def guarded_page(
    conn: Connection,
    *,
    reader_id: ReaderId,
    before: datetime | None = None,
    before_id: LoanId | None = None,
    limit: int = 20,
) -> list[Page]: ...


@sql(
    """
    UPDATE loan
       SET due_on = loan.due_on + %(days)s
     WHERE loan.id = %(loan_id)s
       AND loan.returned_at IS NULL
       AND EXISTS (
               SELECT
                 FROM reader
                WHERE reader.id = %(actor_id)s
                  AND reader.rank IN ('librarian', 'director'))
    RETURNING loan.due_on
    """,
    missing=Unknown,
)
async def permission_by_exists(
    conn: Connection, *, loan_id: LoanId, actor_id: ReaderId, days: int
) -> date: ...


class Holder(TypedDict):
    id: LoanId
    name: str
    since: datetime


@dataclass(slots=True)
class Shelf:
    shelf: str
    holders: list[Holder]


@sql(
    """
    SELECT copy.shelf,
           coalesce(
               jsonb_agg(
                   jsonb_build_object('id', loan.id, 'name', reader.name, 'since', loan.lent_at)
                   ORDER BY loan.lent_at)
                   FILTER (WHERE reader.id IS NOT NULL),
               '[]') AS holders
      FROM copy
      LEFT JOIN loan ON loan.copy_id = copy.id AND loan.returned_at IS NULL
      LEFT JOIN reader ON reader.id = loan.reader_id
     WHERE copy.branch_id = %(branch_id)s
       AND copy.shelf IS NOT NULL
     GROUP BY copy.shelf
     ORDER BY copy.shelf
    """
)
async def json_with_filter(conn: Connection, *, branch_id: BranchId) -> list[Shelf]: ...


@dataclass(slots=True)
class Removed:
    book_id: BookId
    name: str


@sql(
    """
    DELETE FROM book_author
     USING author
     WHERE author.id = book_author.author_id
       AND book_author.book_id = %(book_id)s
       AND author.died_on < %(before)s
    RETURNING book_author.book_id, author.name
    """
)
async def delete_using(conn: Connection, *, book_id: BookId, before: date) -> list[Removed]: ...


@sql(
    """
    SELECT id, name, nickname
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND sponsor_id IS NOT DISTINCT FROM %(sponsor_id)s
     ORDER BY name, id
    """
)
async def not_distinct(
    conn: Connection, *, branch_id: BranchId, sponsor_id: ReaderId | None
) -> list[Reader]: ...


@dataclass(slots=True)
class Running:
    number: str
    position: int
    so_far: Decimal
    first_label: str


@sql(
    """
    SELECT number, position,
           sum(price) OVER earlier AS so_far,
           first_value(label) OVER earlier AS first_label
      FROM invoice_line
     WHERE branch_id = %(branch_id)s
    WINDOW earlier AS (PARTITION BY number ORDER BY position)
     ORDER BY number, position
    """
)
async def running_total(conn: Connection, *, branch_id: BranchId) -> list[Running]: ...


@dataclass(slots=True)
class Age:
    id: ReaderId
    days: int
    label: str


@sql(
    """
    SELECT id,
           CASE WHEN born_on IS NULL OR last_visit IS NULL THEN 0
                ELSE last_visit::date - born_on END AS days,
           CASE WHEN nickname IS NOT NULL AND nickname <> '' THEN nickname ELSE name END AS label
      FROM reader
     WHERE branch_id = %(branch_id)s
     ORDER BY name, id
    """
)
async def narrowing(conn: Connection, *, branch_id: BranchId) -> list[Age]: ...


@dataclass(slots=True)
class KindLabel:
    id: BranchId
    kind: Literal["city", "school", "mobile", "closed"]


@sql(
    """
    WITH labelled AS (
        SELECT id, CASE WHEN closed_at IS NULL THEN kind ELSE 'closed' END AS kind
          FROM branch
    )
    SELECT id, kind
      FROM labelled
     ORDER BY kind, id
    """
)
async def values_through_case(conn: Connection) -> list[KindLabel]: ...


@sql(
    """
    INSERT INTO visit_stop (branch_id, visit_id, place, room)
    SELECT visit.branch_id, visit.id, stop.place, stop.room
      FROM visit
     CROSS JOIN unnest(%(rooms)s::text[]) WITH ORDINALITY AS stop (room, place)
     WHERE visit.branch_id = %(branch_id)s
       AND visit.id = %(visit_id)s
    ON CONFLICT (branch_id, visit_id, place) DO UPDATE SET room = excluded.room
    """
)
async def upsert_from_array(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId, rooms: list[str]
) -> int: ...


class AuthorRow(BaseModel):
    id: int
    name: str
    died_on: date | None


@dataclass(slots=True)
class BookAuthors:
    id: BookId
    authors: list[AuthorRow]


@sql(
    """
    SELECT book.id,
           coalesce(
               (SELECT jsonb_agg(to_jsonb(author) ORDER BY book_author.place)
                  FROM book_author
                  JOIN author ON author.id = book_author.author_id
                 WHERE book_author.book_id = book.id),
               '[]') AS authors
      FROM book
     WHERE book.isbn = %(isbn)s
    """
)
async def whole_rows_as_json(conn: Connection, *, isbn: str) -> BookAuthors | None: ...


@dataclass(slots=True)
class StateShelf:
    state: State
    shelf: str | None
    copies: int


@sql(
    """
    SELECT state, shelf, count(*) AS copies
      FROM copy
     WHERE branch_id = %(branch_id)s
     GROUP BY GROUPING SETS ((state, shelf), (state))
    HAVING count(*) > 1
     ORDER BY state, shelf NULLS LAST
    """
)
async def key_of_all_grouping_sets(
    conn: Connection, *, branch_id: BranchId
) -> list[StateShelf]: ...


@sql(
    """
    WITH RECURSIVE sponsors AS (
        SELECT id, name, sponsor_id
          FROM reader
         WHERE id = %(reader_id)s
         UNION ALL
        SELECT reader.id, reader.name, reader.sponsor_id
          FROM reader
          JOIN sponsors ON sponsors.sponsor_id = reader.id
    ) CYCLE id SET is_cycle USING path
    SELECT id, name
      FROM sponsors
     WHERE NOT is_cycle
     ORDER BY id
    """
)
async def cycle(conn: Connection, *, reader_id: ReaderId) -> list[Named]: ...


@dataclass(slots=True)
class Promoted:
    rank: Rank
    was: Rank


@sql(
    """
    UPDATE reader
       SET rank = %(rank)s
     WHERE id = %(reader_id)s
       AND rank <> %(rank)s
    RETURNING new.rank, old.rank AS was
    """
)
async def changed_rank(conn: Connection, *, reader_id: ReaderId, rank: Rank) -> Promoted | None: ...


@sql(
    """
    INSERT INTO invoice (branch_id, number, issued_on)
    SELECT branch.id, to_char(now(), 'YYYY-') || lpad(count(invoice.number)::text, 5, '0'),
           current_date
      FROM branch
      LEFT JOIN invoice ON invoice.branch_id = branch.id
     WHERE branch.id = %(branch_id)s
     GROUP BY branch.id
    RETURNING number
    """,
    missing=Unknown,
    constraints={"invoice_pkey": Taken},
)
async def numbered_insert(conn: Connection, *, branch_id: BranchId) -> str: ...


@sql(
    """
    WITH new_branch AS (
        INSERT INTO branch (code, name)
        VALUES (%(code)s, %(name)s)
        RETURNING id
    )
    INSERT INTO invoice (branch_id, number, issued_on)
    SELECT new_branch.id, %(number)s, current_date
      FROM new_branch
    RETURNING branch_id
    """,
    constraints={"branch_code_key": Taken},
)
async def fresh_half_of_a_key(
    conn: Connection, *, code: str, name: str, number: str
) -> BranchId: ...


@sql(
    "UPDATE reader SET email = %(email)s WHERE id = %(reader_id)s",
    constraints={"reader_email": Taken, "email_address_check": ValueError},
)
async def check_of_a_domain(conn: Connection, *, reader_id: ReaderId, email: str) -> int: ...


@dataclass(slots=True)
class Hours:
    day: str
    hours: str | None


@sql(
    """
    SELECT each.key AS day, each.value AS hours
      FROM branch
     CROSS JOIN jsonb_each_text(branch.opening) AS each
     WHERE branch.id = %(branch_id)s
     ORDER BY each.key
    """
)
async def json_keys(conn: Connection, *, branch_id: BranchId) -> list[Hours]: ...


@sql(
    """
    SELECT came_at
      FROM (SELECT branch_id, came_at, id FROM visit WHERE left_at IS NULL) AS open_visit
     WHERE branch_id = %(branch_id)s
     ORDER BY came_at, id
    """
)
async def tenant_pinned_outside(conn: Connection, *, branch_id: BranchId) -> list[datetime]: ...


@sql("SELECT visits FROM busy_room WHERE branch_id = %(branch_id)s AND room = %(room)s")
async def tenant_of_a_view(conn: Connection, *, branch_id: BranchId, room: str) -> int | None: ...
