"""Right statements: reads."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Literal

from tests.sqlcheck.corpus.types import (
    BookId,
    Branch,
    BranchId,
    CopyId,
    Json,
    Loan,
    LoanId,
    Rank,
    Reader,
    ReaderId,
    TokenId,
    Unknown,
)
from tests.sqlcheck.declare import Connection, sql


@sql(
    """
    SELECT id, code, name, kind, opening, created_at
      FROM branch
     WHERE id = %(branch_id)s
       AND closed_at IS NULL
    """,
    missing=Unknown,
)
async def by_primary_key(conn: Connection, *, branch_id: BranchId) -> Branch: ...


@sql("SELECT id, code, name, kind, opening, created_at FROM branch WHERE code = %(code)s")
async def by_unique_key(conn: Connection, *, code: str) -> Branch | None: ...


@sql(
    """
    SELECT id, name, nickname
      FROM reader
     WHERE email = %(email)s
       AND deleted_at IS NULL
    """
)
async def by_partial_unique_index(conn: Connection, *, email: str) -> Reader | None: ...


@dataclass(slots=True)
class Sponsored:
    reader_id: ReaderId
    name: str
    email: str
    rank: Rank
    born_on: date | None
    sponsor: str | None


@sql(
    """
    SELECT reader.id AS reader_id, reader.name, reader.email, reader.rank, reader.born_on,
           sponsor.name AS sponsor
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
     ORDER BY reader.name, reader.id
    """
)
async def outer_join(conn: Connection, *, branch_id: BranchId) -> list[Sponsored]: ...


@dataclass(slots=True)
class BranchSummary:
    id: BranchId
    name: str
    director: str | None
    readers: int
    lent: int


@sql(
    """
    SELECT branch.id, branch.name, director.name AS director,
           count(DISTINCT reader.id) AS readers,
           count(copy.id) FILTER (WHERE copy.state = 'lent') AS lent
      FROM branch
      LEFT JOIN reader director ON director.branch_id = branch.id AND director.rank = 'director'
      LEFT JOIN reader ON reader.branch_id = branch.id
      LEFT JOIN copy ON copy.branch_id = branch.id
     WHERE branch.closed_at IS NULL
     GROUP BY branch.id, director.name
     ORDER BY branch.name, branch.id
    """
)
async def counts_over_outer_joins(conn: Connection) -> list[BranchSummary]: ...


@sql(
    """
    SELECT id, copy_id, due_on, returned_at
      FROM loan
     WHERE reader_id = %(reader_id)s
       AND copy_id = %(copy_id)s       -- if copy_id
       AND lent_at > %(since)s         -- if since
     ORDER BY lent_at, id              -- if order = lent
     ORDER BY due_on DESC, id          -- if order = due
     LIMIT %(limit)s
    """
)
async def guarded_lines(
    conn: Connection,
    *,
    reader_id: ReaderId,
    order: Literal["lent", "due"],
    copy_id: CopyId | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> list[Loan]: ...


@sql(
    """
    SELECT id, name, nickname
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND (%(rank)s::reader_rank IS NULL OR rank = %(rank)s)
     ORDER BY name, id
    """
)
async def optional_filter(
    conn: Connection, *, branch_id: BranchId, rank: Rank | None
) -> list[Reader]: ...


@sql("SELECT count(*) FROM loan WHERE reader_id = %(reader_id)s AND returned_at IS NULL")
async def count_of_rows(conn: Connection, *, reader_id: ReaderId) -> int: ...


@sql(
    """
    SELECT EXISTS (
               SELECT
                 FROM reader
                WHERE id = %(reader_id)s AND branch_id = %(branch_id)s) AS is_member
    """
)
async def existence(conn: Connection, *, reader_id: ReaderId, branch_id: BranchId) -> bool: ...


@dataclass(slots=True)
class Guarantor:
    id: ReaderId
    sponsor_id: ReaderId
    sponsor_name: str


@sql(
    """
    SELECT reader.id, reader.sponsor_id, sponsor.name AS sponsor_name
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
       AND sponsor.name ILIKE %(pattern)s
     ORDER BY sponsor.name, reader.id
    """
)
async def where_turns_the_join_around(
    conn: Connection, *, branch_id: BranchId, pattern: str
) -> list[Guarantor]: ...


@dataclass(slots=True)
class Renewal:
    id: LoanId
    renewed_id: LoanId | None
    depth: int
    path: list[LoanId]


@sql(
    """
    WITH RECURSIVE chain AS (
        SELECT id, renewed_id, 0 AS depth, ARRAY[id] AS path
          FROM loan
         WHERE id = %(loan_id)s
         UNION ALL
        SELECT loan.id, loan.renewed_id, chain.depth + 1, chain.path || loan.id
          FROM loan
          JOIN chain ON chain.id = loan.renewed_id
         WHERE chain.depth < %(depth)s
    )
    SELECT id, renewed_id, depth, path
      FROM chain
     ORDER BY path
    """
)
async def recursion(conn: Connection, *, loan_id: LoanId, depth: int = 10) -> list[Renewal]: ...


@dataclass(slots=True)
class Ranked:
    id: LoanId
    rank: int
    previous: LoanId | None
    share: float


@sql(
    """
    SELECT id,
           row_number() OVER by_time AS rank,
           lag(id) OVER by_time AS previous,
           cume_dist() OVER by_time AS share
      FROM loan
     WHERE reader_id = %(reader_id)s
    WINDOW by_time AS (ORDER BY lent_at, id)
     ORDER BY rank
    """
)
async def window_functions(conn: Connection, *, reader_id: ReaderId) -> list[Ranked]: ...


@dataclass(slots=True)
class InvoiceTotal:
    number: str
    currency: str
    issued_on: date
    is_paid: bool
    lines: int
    total: Decimal


@sql(
    """
    SELECT invoice.number, invoice.currency, invoice.issued_on,
           invoice.paid_at IS NOT NULL AS is_paid,
           count(invoice_line.number) AS lines,
           coalesce(sum(invoice_line.total), 0) AS total
      FROM invoice
      LEFT JOIN invoice_line
        ON invoice_line.branch_id = invoice.branch_id AND invoice_line.number = invoice.number
     WHERE invoice.branch_id = %(branch_id)s
       AND invoice.issued_on >= %(since)s
     GROUP BY invoice.branch_id, invoice.number
     ORDER BY invoice.issued_on DESC, invoice.number
     LIMIT %(limit)s
    """
)
async def money(
    conn: Connection, *, branch_id: BranchId, since: date, limit: int
) -> list[InvoiceTotal]: ...


@dataclass(slots=True)
class Revenue:
    month: datetime
    currency: str
    total: Decimal
    average: Decimal


@sql(
    """
    SELECT date_trunc('month', invoice.paid_at) AS month, invoice.currency,
           sum(invoice_line.total) AS total, avg(invoice_line.total) AS average
      FROM invoice
      JOIN invoice_line USING (branch_id, number)
     WHERE invoice.branch_id = %(branch_id)s
       AND invoice.paid_at >= %(since)s
     GROUP BY month, invoice.currency
     ORDER BY month, invoice.currency
    """
)
async def sum_of_an_inner_join(
    conn: Connection, *, branch_id: BranchId, since: datetime
) -> list[Revenue]: ...


@dataclass(slots=True)
class TaggedBook:
    id: BookId
    title: str
    tags: list[str]
    price: Decimal | None
    reading: timedelta | None


@sql(
    """
    SELECT id, title, tags, price, reading
      FROM book
     WHERE tags @> %(tags)s
       AND NOT is_adult
       AND search @@ plainto_tsquery(%(q)s)
     ORDER BY title, id
    """
)
async def arrays_and_search(conn: Connection, *, tags: list[str], q: str) -> list[TaggedBook]: ...


@dataclass(slots=True)
class ActiveReader:
    id: ReaderId
    name: str
    email: str
    rank: Rank
    sponsor_name: str | None


@sql(
    """
    SELECT id, name, email, rank, sponsor_name
      FROM active_reader
     WHERE branch_id = %(branch_id)s
     ORDER BY name, id
    """
)
async def a_view(conn: Connection, *, branch_id: BranchId) -> list[ActiveReader]: ...


@dataclass(slots=True)
class FeedItem:
    kind: Literal["copy", "invoice"]
    title: str
    on_day: date


@sql(
    """
    SELECT 'copy' AS kind, book.title, copy.acquired_on AS on_day
      FROM copy
      JOIN book ON book.id = copy.book_id
     WHERE copy.branch_id = %(branch_id)s
     UNION ALL
    SELECT 'invoice', number, issued_on
      FROM invoice
     WHERE branch_id = %(branch_id)s
     ORDER BY on_day DESC
     LIMIT 20
    """
)
async def union_of_literals(conn: Connection, *, branch_id: BranchId) -> list[FeedItem]: ...


@dataclass(slots=True)
class LastEvent:
    actor_id: ReaderId
    kind: str
    at: datetime
    address: IPv4Address | IPv6Address | IPv4Interface | IPv6Interface | None


@sql(
    """
    SELECT DISTINCT ON (actor_id) actor_id, kind, at, address
      FROM event
     WHERE branch_id = %(branch_id)s
       AND at > %(since)s
       AND actor_id IS NOT NULL
     ORDER BY actor_id, at DESC
    """
)
async def distinct_on(
    conn: Connection, *, branch_id: BranchId, since: datetime
) -> list[LastEvent]: ...


@dataclass(slots=True)
class NextDue:
    id: ReaderId
    name: str
    copy_id: CopyId | None
    due_on: date | None


@sql(
    """
    SELECT reader.id, reader.name, next.copy_id, next.due_on
      FROM reader
      LEFT JOIN LATERAL (
               SELECT copy_id, due_on
                 FROM loan
                WHERE loan.reader_id = reader.id AND loan.returned_at IS NULL
                ORDER BY due_on, id
                LIMIT 1) next ON true
     WHERE reader.branch_id = %(branch_id)s
     ORDER BY reader.name, reader.id
    """
)
async def lateral(conn: Connection, *, branch_id: BranchId) -> list[NextDue]: ...


@dataclass(slots=True)
class Event:
    id: int
    kind: str
    payload: Json
    at: datetime
    actor: str | None


@sql(
    """
    SELECT event.id, event.kind, event.payload, event.at, reader.name AS actor
      FROM event
      LEFT JOIN reader ON reader.id = event.actor_id
     WHERE event.branch_id = %(branch_id)s
       AND (event.at, event.id) < (%(before_at)s, %(before_id)s)
     ORDER BY event.at DESC, event.id DESC
     LIMIT %(limit)s
    """
)
async def keyset_page(
    conn: Connection,
    *,
    branch_id: BranchId,
    before_at: datetime,
    before_id: int,
    limit: int = 100,
) -> list[Event]: ...


@dataclass(slots=True)
class Token:
    id: TokenId
    branch_id: BranchId
    scopes: list[str]
    expires_at: datetime | None


@sql(
    """
    SELECT id, branch_id, scopes, upper(validity) AS expires_at
      FROM token
     WHERE digest = %(digest)s
       AND validity @> now()
    """
)
async def bytes_and_ranges(conn: Connection, *, digest: bytes) -> Token | None: ...
