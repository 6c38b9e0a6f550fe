"""Wrong statements: lists without an order, and orders in which rows tie."""

from collections.abc import AsyncIterator
from datetime import datetime

from tests.sqlcheck.corpus.types import BookId, BranchId, Kind, LoanId, Named, ReaderId
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("order", "no order")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s")
async def no_order(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("order", "ordered by time alone")
@sql("SELECT id FROM loan WHERE reader_id = %(reader_id)s ORDER BY lent_at")
async def by_time(conn: Connection, *, reader_id: ReaderId) -> list[LoanId]: ...


@wrong("order", "ordered by a name that two may have")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s ORDER BY name, rank")
async def by_name(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("order", "ordered by an expression")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s ORDER BY lower(name) DESC")
async def by_lower(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("order", "half of a key")
@sql(
    """
    SELECT label
      FROM invoice_line
     WHERE branch_id = %(branch_id)s
     ORDER BY number
    """
)
async def half_a_key(conn: Connection, *, branch_id: BranchId) -> list[str]: ...


@wrong("order", "a join that makes more rows than it is ordered by")
@sql(
    """
    SELECT reader.id, book.title AS name
      FROM reader
      JOIN loan ON loan.reader_id = reader.id
      JOIN copy ON copy.id = loan.copy_id
      JOIN book ON book.id = copy.book_id
     WHERE reader.branch_id = %(branch_id)s
     ORDER BY reader.name, reader.id
    """
)
async def key_of_one_side(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("order", "groups by their size alone")
@sql("SELECT kind FROM branch GROUP BY kind ORDER BY count(*) DESC")
async def by_size(conn: Connection) -> list[Kind]: ...


@wrong("order", "a page in an order with ties")
@sql(
    """
    SELECT id
      FROM loan
     WHERE reader_id = %(reader_id)s
       AND lent_at > %(after)s      -- if after
     ORDER BY lent_at
     LIMIT 50
    """
)
async def page(
    conn: Connection, *, reader_id: ReaderId, after: datetime | None = None
) -> list[LoanId]: ...


@wrong("order", "a stream in no order")
@sql("SELECT book_id FROM copy WHERE branch_id = %(branch_id)s")
def stream(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[BookId]: ...


@wrong("order", "a copy in no order")
@sql("COPY (SELECT book_id FROM copy WHERE branch_id = %(branch_id)s) TO STDOUT")
def copied(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[bytes]: ...


@wrong("order", "the order inside is not the order outside")
@sql(
    """
    WITH recent AS (
        SELECT id, name FROM reader WHERE branch_id = %(branch_id)s ORDER BY created_at DESC, id
         LIMIT 10
    )
    SELECT id, name FROM recent
    """
)
async def inside(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("order", "UNION sorts nothing")
@sql(
    """
    SELECT name FROM reader WHERE branch_id = %(branch_id)s
     UNION
    SELECT nickname FROM reader WHERE branch_id = %(branch_id)s AND nickname IS NOT NULL
    """
)
async def union(conn: Connection, *, branch_id: BranchId) -> list[str]: ...
