"""Wrong statements: NULL that arrives where none is declared."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    LoanId,
    ReaderId,
    TokenId,
)
from tests.sqlcheck.declare import Connection, sql, wrong


@dataclass(slots=True)
class Text:
    text: str


@dataclass(slots=True)
class Number:
    number: int


@dataclass(slots=True)
class Instant:
    at: datetime


@dataclass(slots=True)
class Names:
    names: list[str]


@wrong("null", "a nullable column")
@sql("SELECT nickname AS text FROM reader WHERE id = %(reader_id)s")
async def nullable_column(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "LEFT JOIN")
@sql(
    """
    SELECT sponsor.name AS text
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.id = %(reader_id)s
    """
)
async def left_join(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "RIGHT JOIN")
@sql(
    """
    SELECT sponsor.name AS text
      FROM reader sponsor
     RIGHT JOIN reader ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
     ORDER BY reader.id
    """
)
async def right_join(conn: Connection, *, branch_id: BranchId) -> list[Text]: ...


@wrong("null", "FULL JOIN")
@sql(
    """
    SELECT reader.name AS text
      FROM reader
      FULL JOIN loan ON loan.reader_id = reader.id
     ORDER BY reader.name -- allow scan
    """
)
async def full_join(conn: Connection) -> list[Text]: ...


@wrong("null", "two outer joins")
@sql(
    """
    SELECT reader.name AS text
      FROM copy
      LEFT JOIN loan ON loan.copy_id = copy.id AND loan.returned_at IS NULL
      LEFT JOIN reader ON reader.id = loan.reader_id
     WHERE copy.branch_id = %(branch_id)s
     ORDER BY copy.id
    """
)
async def chain_of_joins(conn: Connection, *, branch_id: BranchId) -> list[Text]: ...


@wrong("null", "a WHERE under OR proves nothing")
@sql(
    """
    SELECT sponsor.name AS text
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
       AND (sponsor.name > 'a' OR reader.name > 'a')
     ORDER BY reader.id
    """
)
async def where_with_or(conn: Connection, *, branch_id: BranchId) -> list[Text]: ...


@wrong("null", "LEFT JOIN LATERAL")
@sql(
    """
    SELECT last.id AS number
      FROM reader
      LEFT JOIN LATERAL (
               SELECT id FROM loan WHERE reader_id = reader.id ORDER BY id LIMIT 1) last ON true
     WHERE reader.branch_id = %(branch_id)s
     ORDER BY reader.id
    """
)
async def lateral(conn: Connection, *, branch_id: BranchId) -> list[Number]: ...


@wrong("null", "max() of no rows")
@sql("SELECT max(id) AS number FROM loan WHERE reader_id = %(reader_id)s")
async def maximum(conn: Connection, *, reader_id: ReaderId) -> Number: ...


@wrong("null", "sum() of a nullable column")
@sql("SELECT tags[1] AS tag, sum(pages) AS number FROM book GROUP BY tags[1] ORDER BY 1")
async def sum_of_nullable(conn: Connection) -> list["TagPages"]: ...


@dataclass(slots=True)
class TagPages:
    tag: str | None
    number: int


@wrong("null", "a FILTER that leaves nothing")
@sql(
    """
    SELECT reader_id, max(id) FILTER (WHERE returned_at IS NULL) AS number
      FROM loan
     GROUP BY reader_id
     ORDER BY reader_id
    """
)
async def filtered_maximum(conn: Connection) -> list["ReaderNumber"]: ...


@dataclass(slots=True)
class ReaderNumber:
    reader_id: ReaderId
    number: int


@wrong("null", "string_agg() of no rows")
@sql("SELECT string_agg(name, ', ') AS text FROM reader WHERE branch_id = %(branch_id)s")
async def joined_names(conn: Connection, *, branch_id: BranchId) -> Text: ...


@wrong("null", "a scalar sub-query")
@sql(
    """
    SELECT (SELECT name FROM reader sponsor WHERE sponsor.id = reader.sponsor_id) AS text
      FROM reader
     WHERE reader.id = %(reader_id)s
    """
)
async def scalar_sub_query(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "CASE without ELSE")
@sql("SELECT CASE WHEN is_adult THEN title END AS text FROM book WHERE id = %(book_id)s")
async def case_without_else(conn: Connection, *, book_id: BookId) -> Text | None: ...


@wrong("null", "CASE whose branch is nullable")
@sql(
    """
    SELECT CASE WHEN is_adult THEN title ELSE subtitle END AS text
      FROM book
     WHERE id = %(book_id)s
    """
)
async def nullable_branch(conn: Connection, *, book_id: BookId) -> Text | None: ...


@wrong("null", "NULLIF")
@sql("SELECT nullif(title, '') AS text FROM book WHERE id = %(book_id)s")
async def null_if(conn: Connection, *, book_id: BookId) -> Text | None: ...


@wrong("null", "concatenation with NULL")
@sql("SELECT title || ': ' || subtitle AS text FROM book WHERE id = %(book_id)s")
async def concatenated(conn: Connection, *, book_id: BookId) -> Text | None: ...


@wrong("null", "lag()")
@sql("SELECT lag(id) OVER (ORDER BY id) AS number FROM loan WHERE reader_id = %(reader_id)s")
async def lagging(conn: Connection, *, reader_id: ReaderId) -> list[Number]: ...


@wrong("null", "a frame before the current row")
@sql(
    """
    SELECT sum(copy_id) OVER (
               ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)::bigint AS number
      FROM loan
     WHERE reader_id = %(reader_id)s
     ORDER BY id
    """
)
async def earlier_frame(conn: Connection, *, reader_id: ReaderId) -> list[Number]: ...


@wrong("null", "a JSON key may be absent")
@sql("SELECT opening ->> 'monday' AS text FROM branch WHERE id = %(branch_id)s")
async def json_key(conn: Connection, *, branch_id: BranchId) -> Text | None: ...


@wrong("null", "a subscript may be out of bounds")
@sql("SELECT tags[1] AS text FROM book WHERE id = %(book_id)s")
async def subscript(conn: Connection, *, book_id: BookId) -> Text | None: ...


@wrong("null", "array_length() of an empty array")
@sql("SELECT array_length(tags, 1) AS number FROM book WHERE id = %(book_id)s")
async def length_of_empty(conn: Connection, *, book_id: BookId) -> Number | None: ...


@wrong("null", "through a view")
@sql(
    """
    SELECT sponsor_name AS text
      FROM active_reader
     WHERE branch_id = %(branch_id)s
     ORDER BY 1
    """
)
async def through_a_view(conn: Connection, *, branch_id: BranchId) -> list[Text]: ...


@wrong("null", "through WITH")
@sql(
    """
    WITH named AS (SELECT id, nickname FROM reader)
    SELECT nickname AS text FROM named WHERE id = %(reader_id)s
    """
)
async def through_with(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "through a recursive query")
@sql(
    """
    WITH RECURSIVE chain AS (
        SELECT id, renewed_id FROM loan WHERE id = %(loan_id)s
         UNION ALL
        SELECT loan.id, loan.renewed_id FROM loan JOIN chain ON loan.id = chain.renewed_id
    )
    SELECT renewed_id AS number FROM chain ORDER BY 1
    """
)
async def through_recursion(conn: Connection, *, loan_id: LoanId) -> list[Number]: ...


@wrong("null", "one part of a UNION")
@sql(
    """
    SELECT name AS text FROM author
     UNION ALL
    SELECT subtitle FROM book
     ORDER BY 1
    """
)
async def part_of_union(conn: Connection) -> list[Text]: ...


@wrong("null", "the totals row of ROLLUP")
@sql("SELECT currency AS text FROM invoice GROUP BY ROLLUP (currency) ORDER BY 1")
async def totals_row(conn: Connection) -> list[Text]: ...


@wrong("null", "RETURNING a nullable column")
@sql(
    """
    UPDATE reader SET last_visit = now() WHERE id = %(reader_id)s RETURNING nickname AS text
    """
)
async def returning(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "RETURNING what was just set to NULL")
@sql(
    """
    UPDATE reader
       SET nickname = NULL
     WHERE id = %(reader_id)s
       AND nickname IS NOT NULL
    RETURNING nickname AS text
    """
)
async def returning_null(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "there is no old row")
@sql("INSERT INTO author (name) VALUES (%(name)s) RETURNING old.id AS number")
async def old_of_insert(conn: Connection, *, name: str) -> Number: ...


@wrong("null", "the upper bound of a range")
@sql("SELECT upper(validity) AS at FROM token WHERE id = %(token_id)s")
async def upper_bound(conn: Connection, *, token_id: TokenId) -> Instant | None: ...


@wrong("null", "an optional parameter comes back")
@sql("SELECT %(text)s::text AS text")
async def parameter_back(conn: Connection, *, text: str | None) -> Text: ...


@wrong("null", "a function of one's own")
@sql("SELECT initials(name) AS text FROM reader WHERE id = %(reader_id)s")
async def own_function(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...


@wrong("null", "VALUES with a NULL")
@sql("SELECT t.text FROM (VALUES ('a'), (NULL)) t (text) ORDER BY 1")
async def null_in_values(conn: Connection) -> list[Text]: ...


@wrong("null", "None for both no row and NULL")
@sql("SELECT nickname FROM reader WHERE id = %(reader_id)s")
async def two_meanings(conn: Connection, *, reader_id: ReaderId) -> str | None: ...


@wrong("null", "NOT of ANY over an array that may be empty proves nothing")
@sql(
    """
    SELECT sponsor_id AS id
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND NOT (sponsor_id = ANY(%(sponsors)s))
     ORDER BY 1
    """
)
async def not_any(
    conn: Connection, *, branch_id: BranchId, sponsors: list[ReaderId]
) -> list[UUID]: ...


@wrong("null", "NULL inside an array")
@sql(
    """
    SELECT coalesce(array_agg(sponsor.name), '{}') AS names
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
    """
)
async def null_inside_array(conn: Connection, *, branch_id: BranchId) -> Names: ...


@wrong("null", "NULL inside ARRAY[...]")
@sql("SELECT ARRAY[title, subtitle] AS names FROM book WHERE id = %(book_id)s")
async def null_inside_literal(conn: Connection, *, book_id: BookId) -> Names | None: ...


@wrong("null", "NULL inside ARRAY(SELECT ...)")
@sql("SELECT ARRAY(SELECT subtitle FROM book ORDER BY id) AS names")
async def null_inside_sub_query(conn: Connection) -> Names: ...


@wrong("null", "NULL inside an array that a sub-query collects")
@sql("SELECT coalesce((SELECT array_agg(subtitle ORDER BY id) FROM book), '{}') AS names")
async def null_inside_collected(conn: Connection) -> Names: ...


@wrong("null", "NULL inside an array of one part of a UNION")
@sql(
    """
    SELECT parts.names
      FROM (SELECT ARRAY['a'] AS names UNION ALL SELECT ARRAY[NULL, 'b']) AS parts
     ORDER BY parts.names
    """
)
async def null_inside_one_part(conn: Connection) -> list[Names]: ...


@wrong("null", "sets side by side are padded")
@sql("SELECT generate_series(1, 3) AS number, generate_series(1, 5) AS other")
async def padded_sets(conn: Connection) -> list["Pair"]: ...


@dataclass(slots=True)
class Pair:
    number: int
    other: int | None


@wrong("not-null-note", "vouching for what is never NULL")
@sql("SELECT name AS text FROM reader WHERE id = %(reader_id)s -- not null: text")
async def needless_vouching(conn: Connection, *, reader_id: ReaderId) -> Text | None: ...
