"""Wrong statements: JSON that does not fit its model."""

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from tests.sqlcheck.corpus.right_writes import Line
from tests.sqlcheck.corpus.types import BookId, BranchId, Kind, ReaderId
from tests.sqlcheck.declare import Connection, sql, wrong


class Detail(BaseModel):
    number: str
    lines: list[Line]


@wrong("json", "a misspelt key")
@sql(
    """
    SELECT invoice.number,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'lable', invoice_line.label, 'quantity', invoice_line.quantity,
                       'price', invoice_line.price)), '[]')
              FROM invoice_line
             WHERE invoice_line.branch_id = invoice.branch_id) AS lines
      FROM invoice
     WHERE invoice.branch_id = %(branch_id)s AND invoice.number = %(number)s
    """
)
async def misspelt_key(conn: Connection, *, branch_id: BranchId, number: str) -> Detail | None: ...


@wrong("json", "a value of another type")
@sql(
    """
    SELECT invoice.number,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'label', invoice_line.label, 'quantity', invoice_line.label,
                       'price', invoice_line.price)), '[]')
              FROM invoice_line
             WHERE invoice_line.branch_id = invoice.branch_id) AS lines
      FROM invoice
     WHERE invoice.branch_id = %(branch_id)s AND invoice.number = %(number)s
    """
)
async def another_type(conn: Connection, *, branch_id: BranchId, number: str) -> Detail | None: ...


class Director(BaseModel):
    name: str


class BranchDirector(BaseModel):
    id: UUID
    director: Director


@wrong("json", "null inside")
@sql(
    """
    SELECT reader.id, jsonb_build_object('name', sponsor.name) AS director
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.id = %(reader_id)s
    """
)
async def null_inside(conn: Connection, *, reader_id: ReaderId) -> BranchDirector | None: ...


class OneLine(BaseModel):
    number: str
    lines: Line


@wrong("json", "an array for an object")
@sql(
    """
    SELECT invoice.number,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'label', invoice_line.label, 'quantity', invoice_line.quantity,
                       'price', invoice_line.price)), '[]')
              FROM invoice_line
             WHERE invoice_line.branch_id = invoice.branch_id) AS lines
      FROM invoice
     WHERE invoice.branch_id = %(branch_id)s AND invoice.number = %(number)s
    """
)
async def array_for_object(
    conn: Connection, *, branch_id: BranchId, number: str
) -> OneLine | None: ...


@wrong("json", "a missing key")
@sql(
    """
    SELECT branch.id, jsonb_build_object('code', branch.code) AS director
      FROM branch
     WHERE branch.id = %(branch_id)s
    """
)
async def missing_key(conn: Connection, *, branch_id: BranchId) -> BranchDirector | None: ...


class Label(BaseModel):
    kind: Kind


class Labelled(BaseModel):
    id: UUID
    label: Label


@wrong("json", "text that is not one of the values")
@sql(
    """
    SELECT id, jsonb_build_object('kind', code) AS label
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def free_text_inside(conn: Connection, *, branch_id: BranchId) -> Labelled | None: ...


@wrong("json", "a null item")
@sql(
    """
    SELECT branch.id, coalesce(jsonb_agg(reader.nickname), '[]') AS names
      FROM branch
      JOIN reader ON reader.branch_id = branch.id
     WHERE branch.id = %(branch_id)s
     GROUP BY branch.id
    """
)
async def null_item(conn: Connection, *, branch_id: BranchId) -> "JsonNames | None": ...


class JsonNames(BaseModel):
    id: UUID
    names: list[str]


@wrong("json", "an interval inside")
@sql("SELECT id, jsonb_build_object('price', reading) AS cost FROM book WHERE id = %(book_id)s")
async def interval_inside(conn: Connection, *, book_id: BookId) -> "Costed | None": ...


class Cost(BaseModel):
    price: Decimal | None


class Costed(BaseModel):
    id: BookId
    cost: Cost


class Nickname(BaseModel):
    nickname: str


class Nicknamed(BaseModel):
    reader: Nickname


@wrong("json", "null that the same statement has just written")
@sql(
    """
    WITH changed AS (
        UPDATE reader
           SET nickname = NULL
         WHERE id = %(reader_id)s
           AND nickname IS NOT NULL
        RETURNING jsonb_build_object('nickname', nickname) AS reader
    )
    SELECT reader FROM changed
    """
)
async def null_just_written(conn: Connection, *, reader_id: ReaderId) -> Nicknamed | None: ...
