"""Right statements: orders that are whole although no key stands last, or none is needed."""

from dataclasses import dataclass
from uuid import UUID

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    CopyId,
    Kind,
    LoanId,
    Named,
    Reader,
    ReaderId,
)
from tests.sqlcheck.declare import Connection, sql


@sql("SELECT id FROM loan WHERE copy_id = ANY(%(ids)s) AND returned_at IS NULL ORDER BY copy_id")
async def partial_key(conn: Connection, *, ids: list[CopyId]) -> list[LoanId]: ...


@sql(
    """
    SELECT position
      FROM invoice_line
     WHERE branch_id = %(branch_id)s
       AND number = %(number)s
     ORDER BY position
    """
)
async def rest_of_a_key(conn: Connection, *, branch_id: BranchId, number: str) -> list[int]: ...


@sql(
    """
    SELECT reader.id, branch.name
      FROM reader
      JOIN branch ON branch.id = reader.branch_id
     WHERE reader.sponsor_id = %(sponsor_id)s
     ORDER BY branch.name, reader.id
    """
)
async def key_of_the_many(conn: Connection, *, sponsor_id: ReaderId) -> list[Named]: ...


@sql(
    """
    SELECT loan.id
      FROM reader
      JOIN loan ON loan.reader_id = reader.id
      JOIN copy ON copy.id = loan.copy_id
     WHERE reader.branch_id = %(branch_id)s
       AND loan.returned_at IS NULL
     ORDER BY copy.id
    """
)
async def key_of_the_other_side(conn: Connection, *, branch_id: BranchId) -> list[LoanId]: ...


@sql("SELECT DISTINCT kind FROM branch ORDER BY kind")
async def distinct(conn: Connection) -> list[Kind]: ...


@dataclass(slots=True)
class Placed:
    id: ReaderId
    place: int


@sql(
    """
    SELECT id, row_number() OVER (ORDER BY name, id) AS place
      FROM reader
     WHERE branch_id = %(branch_id)s
     ORDER BY place
    """
)
async def by_number(conn: Connection, *, branch_id: BranchId) -> list[Placed]: ...


@sql(
    """
    SELECT DISTINCT ON (branch_id) id, name, nickname
      FROM reader
     WHERE deleted_at IS NULL
     ORDER BY branch_id, created_at DESC
    """
)
async def distinct_on(conn: Connection) -> list[Reader]: ...


@sql(
    """
    SELECT number
      FROM unnest(%(numbers)s) AS number
    """
)
async def unnested(conn: Connection, *, numbers: list[int]) -> list[int]:
    """In the order of the array."""
    ...


@sql("UPDATE copy SET grade = 1 WHERE branch_id = %(branch_id)s RETURNING id")
async def returning(conn: Connection, *, branch_id: BranchId) -> list[CopyId]: ...


@sql("SELECT id FROM (VALUES (1), (2)) AS few (id)")
async def values(conn: Connection) -> list[int]: ...


@sql("SELECT name FROM author ORDER BY name || id::text")
async def key_in_an_expression(conn: Connection) -> list[str]: ...


@sql(
    """
    SELECT branch_id
      FROM copy
     WHERE book_id = %(book_id)s
     GROUP BY branch_id
     ORDER BY count(*) DESC, branch_id
    """
)
async def groups(conn: Connection, *, book_id: BookId) -> list[BranchId]: ...


@sql(
    """
    SELECT loan.id
      FROM loan
      LEFT JOIN reader ON reader.id = loan.reader_id
     WHERE loan.copy_id = %(copy_id)s
     ORDER BY reader.name NULLS LAST, loan.lent_at, loan.id
    """
)
async def outer(conn: Connection, *, copy_id: CopyId) -> list[LoanId]: ...


@sql(
    """
    SELECT name
      FROM author
     ORDER BY name
    -- allow order: equal names are one to the reader
    """
)
async def told(conn: Connection) -> list[str]: ...


@sql("SELECT id FROM booking WHERE id = ANY(%(ids)s) ORDER BY id")
async def by_id(conn: Connection, *, ids: list[UUID]) -> list[UUID]: ...
