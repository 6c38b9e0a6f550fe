"""Right statements: writes, JSON, streams."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from psycopg.types.range import Range
from pydantic import BaseModel

from tests.sqlcheck.corpus.types import (
    BookId,
    Branch,
    BranchId,
    CopyId,
    Json,
    Kind,
    Loan,
    LoanId,
    Rank,
    Reader,
    ReaderId,
    State,
    Taken,
    TokenId,
    Unknown,
    VisitId,
)
from tests.sqlcheck.declare import Connection, sql


@sql(
    """
    INSERT INTO branch (code, name, kind, opening)
    VALUES (%(code)s, %(name)s, %(kind)s, %(opening)s)
    RETURNING id, code, name, kind, opening, created_at
    """,
    constraints={"branch_code_key": Taken},
)
async def insert_returning(
    conn: Connection, *, code: str, name: str, kind: Kind, opening: Json
) -> Branch: ...


@sql(
    """
    WITH new_book AS (
        INSERT INTO book (isbn, title)
        VALUES (%(isbn)s, %(title)s)
        RETURNING id
    ), new_author AS (
        INSERT INTO author (name)
        VALUES (%(author)s)
        RETURNING id
    )
    INSERT INTO book_author (book_id, author_id, place)
    SELECT new_book.id, new_author.id, 1
      FROM new_book
     CROSS JOIN new_author
    RETURNING book_id
    """,
    constraints={"book_isbn_key": Taken, "book_isbn_check": ValueError},
)
async def writes_in_a_row(conn: Connection, *, isbn: str, title: str, author: str) -> BookId: ...


@sql(
    "DELETE FROM loan WHERE reader_id = %(reader_id)s AND id = ANY(%(loan_ids)s)",
    constraints={"loan_renewed_id_fkey": Taken},
)
async def rows_affected(
    conn: Connection, *, reader_id: ReaderId, loan_ids: list[LoanId]
) -> int: ...


@sql("UPDATE reader SET last_visit = now() WHERE id = %(reader_id)s")
async def nothing_returned(conn: Connection, *, reader_id: ReaderId) -> None: ...


@sql(
    """
    INSERT INTO book_author (book_id, author_id, place)
    VALUES (%(book_id)s, %(author_id)s, %(place)s)
    ON CONFLICT (book_id, author_id) DO UPDATE SET place = excluded.place
    RETURNING place, xmax = 0 AS is_new
    """,
    constraints={
        "book_author_book_id_fkey": Unknown,
        "book_author_author_id_fkey": Unknown,
    },
)
async def upsert(
    conn: Connection, *, book_id: BookId, author_id: int, place: int
) -> "Upserted": ...


@dataclass(slots=True)
class Upserted:
    place: int
    is_new: bool


@sql(
    """
    INSERT INTO event (branch_id, actor_id, kind, payload)
    SELECT reader.branch_id, reader.id, %(kind)s, %(payload)s
      FROM reader
     WHERE reader.id = %(reader_id)s
    """
)
async def insert_of_what_exists(
    conn: Connection, *, reader_id: ReaderId, kind: str, payload: Json
) -> int: ...


@dataclass(slots=True)
class Moved:
    id: CopyId
    shelf: str | None
    from_name: str


@sql(
    """
    WITH moved AS (
        UPDATE copy
           SET branch_id = target.id
          FROM branch target
         WHERE target.id = %(target)s
           AND copy.branch_id = %(origin)s
           AND copy.state = 'shelved'
        RETURNING copy.id, copy.shelf
    )
    SELECT moved.id, moved.shelf, branch.name AS from_name
      FROM moved
      JOIN branch ON branch.id = %(origin)s
     ORDER BY moved.id
    """
)
async def update_then_select(
    conn: Connection, *, origin: BranchId, target: BranchId
) -> list[Moved]: ...


@dataclass(slots=True)
class Lent:
    id: LoanId
    reader_id: ReaderId
    reader_email: str


@sql(
    """
    UPDATE loan
       SET reader_id = reader.id
      FROM reader
     WHERE loan.id = %(loan_id)s
       AND reader.email = %(email)s
       AND reader.deleted_at IS NULL
    RETURNING loan.id, reader.id AS reader_id, reader.email AS reader_email
    """
)
async def update_from(conn: Connection, *, loan_id: LoanId, email: str) -> Lent | None: ...


@sql(
    """
    INSERT INTO invoice_line (branch_id, number, position, label, quantity, price)
    SELECT %(branch_id)s, %(number)s, line.position, line.label, line.quantity, line.price
      FROM unnest(%(labels)s::text[], %(quantities)s::int[], %(prices)s::numeric[])
           WITH ORDINALITY AS line (label, quantity, price, position)
    """,
    constraints={
        "invoice_line_pkey": Taken,
        "invoice_line_branch_id_number_fkey": Unknown,
    },
)
async def bulk_insert(
    conn: Connection,
    *,
    branch_id: BranchId,
    number: str,
    labels: list[str],
    quantities: list[int],
    prices: list[Decimal],
) -> int: ...


@sql(
    """
    UPDATE copy
       SET state = 'lent'
     WHERE id = (
               SELECT id
                 FROM copy
                WHERE branch_id = %(branch_id)s
                  AND book_id = %(book_id)s
                  AND state = 'shelved'
                ORDER BY id
                LIMIT 1
                  FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)
async def queue(conn: Connection, *, branch_id: BranchId, book_id: BookId) -> CopyId | None: ...


@dataclass(slots=True)
class Counted:
    uses: int
    was: int


@sql(
    """
    UPDATE token
       SET uses = uses + 1
     WHERE id = %(token_id)s
    RETURNING new.uses, old.uses AS was
    """,
    missing=Unknown,
)
async def old_and_new(conn: Connection, *, token_id: TokenId) -> Counted: ...


@sql(
    """
    UPDATE reader
       SET name = coalesce(%(name)s, name),
           nickname = CASE WHEN %(set_nickname)s THEN %(nickname)s ELSE nickname END,
           rank = coalesce(%(rank)s::reader_rank, rank)
     WHERE id = %(reader_id)s
    RETURNING id, name, nickname
    """,
    missing=Unknown,
)
async def partial_update(
    conn: Connection,
    *,
    reader_id: ReaderId,
    name: str | None,
    set_nickname: bool,
    nickname: str | None,
    rank: Rank | None,
) -> Reader: ...


@sql(
    """
    MERGE INTO book_author
    USING (SELECT unnest(%(author_ids)s::bigint[]) AS author_id) wanted
       ON book_author.book_id = %(book_id)s AND book_author.author_id = wanted.author_id
     WHEN NOT MATCHED THEN
          INSERT (book_id, author_id, place)
          VALUES (%(book_id)s, wanted.author_id, 1)
    """,
    constraints={
        "book_author_pkey": Taken,
        "book_author_book_id_fkey": Unknown,
        "book_author_author_id_fkey": Unknown,
    },
)
async def merge(conn: Connection, *, book_id: BookId, author_ids: list[int]) -> int: ...


@sql(
    """
    UPDATE copy
       SET state = 'withdrawn'
     WHERE branch_id = %(branch_id)s
       AND state = ANY(%(states)s::copy_state[])
    RETURNING id
    """
)
async def enum_arrays(
    conn: Connection, *, branch_id: BranchId, states: list[State]
) -> list[CopyId]: ...


@sql(
    """
    INSERT INTO booking (branch_id, room, reader_id, during)
    VALUES (%(branch_id)s, %(room)s, %(reader_id)s, %(during)s)
    RETURNING id
    """,
    constraints={"booking_overlap": Taken, "booking_branch_id_fkey": Unknown},
)
async def exclusion(
    conn: Connection,
    *,
    branch_id: BranchId,
    room: int,
    reader_id: ReaderId,
    during: Range[datetime],
) -> UUID: ...


@sql(
    """
    INSERT INTO reader (branch_id, email, name)
    VALUES (%(branch_id)s, %(email)s, %(name)s)
    ON CONFLICT DO NOTHING
    RETURNING id
    -- allow constraint(reader_branch_id_fkey): the branch was locked before
    """,
    constraints={"email_address_check": Unknown},
)
async def do_nothing(
    conn: Connection, *, branch_id: BranchId, email: str, name: str
) -> ReaderId | None: ...


@sql(
    """
    INSERT INTO loan (copy_id, reader_id, due_on)
    SELECT copy.id, %(reader_id)s, current_date + %(days)s
      FROM copy
     WHERE copy.id = %(copy_id)s
       AND copy.state = 'shelved'
    RETURNING id, copy_id, due_on, returned_at
    """,
    missing=Taken,
    constraints={"loan_open": Taken, "loan_reader_id_fkey": Unknown},
)
async def partial_unique(
    conn: Connection, *, copy_id: CopyId, reader_id: ReaderId, days: int
) -> Loan: ...


@sql(
    """
    UPDATE loan
       SET returned_at = now()
     WHERE id = %(loan_id)s
       AND returned_at IS NULL
    RETURNING returned_at
    """
)
async def set_in_the_same_statement(conn: Connection, *, loan_id: LoanId) -> datetime | None: ...


@dataclass(slots=True)
class Noted:
    id: LoanId
    note: str


@sql(
    """
    UPDATE loan
       SET note = %(note)s
     WHERE id = %(loan_id)s
    RETURNING id, note
    """,
    missing=Unknown,
)
async def written_value(conn: Connection, *, loan_id: LoanId, note: str) -> Noted: ...


@sql(
    "SELECT id, copy_id, due_on, returned_at FROM loan WHERE due_on < %(day)s ORDER BY id"
    " -- allow scan: once a night"
)
def stream(conn: Connection, *, day: date) -> AsyncIterator[Loan]: ...


# ---- JSON ----


class Line(BaseModel):
    label: str
    quantity: int
    price: Decimal


class InvoiceDetail(BaseModel):
    number: str
    paid_at: datetime | None
    lines: list[Line]


@sql(
    """
    SELECT invoice.number, invoice.paid_at,
           coalesce(
               (SELECT jsonb_agg(
                           jsonb_build_object(
                               'label', invoice_line.label,
                               'quantity', invoice_line.quantity,
                               'price', invoice_line.price)
                           ORDER BY invoice_line.position)
                  FROM invoice_line
                 WHERE invoice_line.branch_id = invoice.branch_id
                   AND invoice_line.number = invoice.number),
               '[]') AS lines
      FROM invoice
     WHERE invoice.branch_id = %(branch_id)s
       AND invoice.number = %(number)s
    """,
    missing=Unknown,
)
async def nested_json(conn: Connection, *, branch_id: BranchId, number: str) -> InvoiceDetail: ...


class Person(BaseModel):
    id: UUID
    name: str
    nickname: str | None


class BookDetail(BaseModel):
    id: BookId
    reading: timedelta | None
    holder: Person | None


@sql(
    """
    SELECT book.id, book.reading,
           CASE WHEN reader.id IS NOT NULL
                THEN jsonb_build_object(
                         'id', reader.id, 'name', reader.name, 'nickname', reader.nickname)
            END AS holder
      FROM copy
      JOIN book ON book.id = copy.book_id
      LEFT JOIN loan ON loan.copy_id = copy.id AND loan.returned_at IS NULL
      LEFT JOIN reader ON reader.id = loan.reader_id
     WHERE copy.id = %(copy_id)s
    """
)
async def json_of_an_outer_join(conn: Connection, *, copy_id: CopyId) -> BookDetail | None: ...


@dataclass(slots=True)
class BookNames:
    book_id: BookId
    authors: list[str]


@sql(
    """
    SELECT book.id AS book_id,
           coalesce(
               array_agg(author.name ORDER BY book_author.place)
                   FILTER (WHERE author.id IS NOT NULL),
               '{}') AS authors
      FROM book
      LEFT JOIN book_author ON book_author.book_id = book.id
      LEFT JOIN author ON author.id = book_author.author_id
     WHERE book.id = ANY(%(book_ids)s)
     GROUP BY book.id
     ORDER BY book.id
    """
)
async def filtered_array(conn: Connection, *, book_ids: list[BookId]) -> list[BookNames]: ...


# ---- what a branch keeps for itself ----


@dataclass(slots=True)
class Stop:
    place: int
    room: str
    reader_id: ReaderId


@sql(
    """
    SELECT visit_stop.place, visit_stop.room, visit.reader_id
      FROM visit
      JOIN visit_stop
        ON visit_stop.branch_id = visit.branch_id AND visit_stop.visit_id = visit.id
     WHERE visit.branch_id = %(branch_id)s
       AND visit.id = %(visit_id)s
     ORDER BY visit_stop.place
    """
)
async def tenant_join(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId
) -> list[Stop]: ...


@sql(
    """
    WITH new_visit AS (
        INSERT INTO visit (branch_id, id, reader_id)
        VALUES (%(branch_id)s, %(visit_id)s, %(reader_id)s)
    )
    INSERT INTO visit_stop (branch_id, visit_id, place, room)
    VALUES (%(branch_id)s, %(visit_id)s, 1, %(room)s)
    """,
    constraints={"visit_pkey": Taken, "visit_stop_pkey": Taken},
)
async def tenant_write(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId, reader_id: ReaderId, room: str
) -> None: ...
