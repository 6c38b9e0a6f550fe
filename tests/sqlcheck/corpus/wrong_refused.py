"""Wrong statements that PostgreSQL itself refuses, at once or in one case only."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    CopyId,
    Kind,
    LoanId,
    Named,
    Numbered,
    Rank,
    ReaderId,
    Taken,
)
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("sql", "no such column")
@sql("SELECT id, title AS name FROM reader WHERE id = %(reader_id)s")
async def unknown_column(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("sql", "no such table")
@sql("SELECT id, name FROM readers WHERE id = %(reader_id)s")
async def unknown_table(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("sql", "no such function")
@sql("SELECT id, titlecase(name) AS name FROM reader WHERE id = %(reader_id)s")
async def unknown_function(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("sql", "no such operator")
@sql("SELECT id, name FROM reader WHERE id = 5")
async def unknown_operator(conn: Connection) -> list[Named]: ...


@wrong("sql", "no such label")
@sql("SELECT id, name FROM reader WHERE rank = 'boss' AND branch_id = %(branch_id)s")
async def unknown_label(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("sql", "missing from GROUP BY")
@sql(
    """
    SELECT branch.id, reader.name
      FROM branch
      JOIN reader ON reader.branch_id = branch.id
     GROUP BY branch.id
     ORDER BY branch.id
    """
)
async def ungrouped(conn: Connection) -> list[Named]: ...


@wrong("sql", "an aggregate in WHERE")
@sql("SELECT id, name FROM branch WHERE count(*) > 1 ORDER BY name")
async def aggregate_in_where(conn: Connection) -> list[Named]: ...


@wrong("sql", "more values than columns")
@sql("INSERT INTO author (name) VALUES (%(name)s, now())")
async def too_many_values(conn: Connection, *, name: str) -> None: ...


@wrong("sql", "two statements in one")
@sql("UPDATE author SET name = 'x' WHERE id = 1; DELETE FROM author WHERE id = 2")
async def two_statements(conn: Connection) -> None: ...


@wrong("sql", "a generated column is written")
@sql("UPDATE invoice_line SET total = %(total)s WHERE branch_id = %(branch_id)s AND position = 1")
async def generated_column(conn: Connection, *, total: Decimal, branch_id: BranchId) -> None: ...


@wrong("sql", "an identity column is written")
@sql("INSERT INTO author (id, name) VALUES (1, %(name)s)")
async def identity_column(conn: Connection, *, name: str) -> None: ...


@wrong("sql", "ON CONFLICT without a fitting index: only planning notices")
@sql(
    """
    INSERT INTO branch (code, name)
    VALUES (%(code)s, %(name)s)
    ON CONFLICT (name) DO UPDATE SET code = excluded.code
    """,
    constraints={"branch_code_key": Taken},
)
async def conflict_without_index(conn: Connection, *, code: str, name: str) -> None: ...


@wrong("sql", "the predicate of a partial index is missing")
@sql(
    """
    INSERT INTO loan (copy_id, reader_id, due_on)
    VALUES (1, %(reader_id)s, current_date)
    ON CONFLICT (copy_id) DO NOTHING
    """,
    constraints={"loan_reader_id_fkey": Taken},
)
async def conflict_without_predicate(conn: Connection, *, reader_id: ReaderId) -> None: ...


@wrong("sql", "wrong in one variant only")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND nam ILIKE %(q)s      -- if q
     ORDER BY name, id
    """
)
async def wrong_variant(
    conn: Connection, *, branch_id: BranchId, q: str | None = None
) -> list[Named]: ...


@wrong("sql", "works with a value, not with None")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND created_at > now() - coalesce(%(age)s, '1 day')
     ORDER BY id
    """
)
async def wrong_when_none(
    conn: Connection, *, branch_id: BranchId, age: timedelta | None
) -> list[Named]: ...


@wrong("sql", "an ambiguous column")
@sql("SELECT id, name FROM reader JOIN branch ON branch.id = reader.branch_id ORDER BY 1")
async def ambiguous(conn: Connection) -> list[Named]: ...


@wrong("sql", "a window function in WHERE")
@sql("SELECT id, name FROM branch WHERE row_number() OVER () = 1")
async def window_in_where(conn: Connection) -> list[Named]: ...


@wrong("sql", "UNION of different widths")
@sql("SELECT id, name FROM branch UNION ALL SELECT id FROM branch")
async def uneven_union(conn: Connection) -> list[Named]: ...


@wrong("sql", "a syntax error")
@sql("SELECT id, name FROM branch WERE code = %(code)s")
async def misspelt_keyword(conn: Connection, *, code: str) -> Named | None: ...


@wrong("sql", "a recursive query that changes its type")
@sql(
    """
    WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1.5 FROM n WHERE id < 5)
    SELECT id FROM n ORDER BY id
    """
)
async def recursion_of_another_type(conn: Connection) -> list[int]: ...


@wrong("utility", "a statement that belongs in a migration")
@sql("TRUNCATE author CASCADE")
async def utility(conn: Connection) -> None: ...


# ---- parameters ----


@wrong("params", "a parameter that the statement does not use")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
async def unused(conn: Connection, *, reader_id: ReaderId, name: str) -> Named | None: ...


@wrong("params", "a misspelt parameter")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
async def misspelt(conn: Connection, *, readerid: ReaderId) -> Named | None: ...


@wrong("quoted", "a parameter inside quotes")
@sql("SELECT id, name FROM reader WHERE name = '%(name)s' AND branch_id = %(branch_id)s")
async def quoted(conn: Connection, *, name: str, branch_id: BranchId) -> list[Named]: ...


@wrong("quoted", "a parameter inside a comment")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s -- and name = %(name)s")
async def in_a_comment(conn: Connection, *, reader_id: ReaderId, name: str) -> Named | None: ...


@wrong("percent", "a lone percent sign")
@sql("SELECT id, name FROM reader WHERE name LIKE 'A%' AND branch_id = %(branch_id)s")
async def lone_percent(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("percent", "a format that is not %(name)s")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)d")
async def another_format(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("param-type", "float for numeric")
@sql("UPDATE book SET price = %(price)s WHERE id = %(book_id)s")
async def float_for_numeric(conn: Connection, *, book_id: BookId, price: float) -> None: ...


@wrong("param-type", "str for uuid")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
async def str_for_uuid(conn: Connection, *, reader_id: str) -> Named | None: ...


@wrong("param-type", "str for date")
@sql("UPDATE reader SET born_on = %(born_on)s WHERE id = %(reader_id)s")
async def str_for_date(conn: Connection, *, reader_id: ReaderId, born_on: str) -> None: ...


@wrong("param-type", "date for timestamptz")
@sql("UPDATE reader SET last_visit = %(at)s WHERE id = %(reader_id)s")
async def date_for_instant(conn: Connection, *, reader_id: ReaderId, at: date) -> None: ...


@wrong("param-type", "int for interval")
@sql("UPDATE book SET reading = %(reading)s WHERE id = %(book_id)s")
async def int_for_interval(conn: Connection, *, book_id: BookId, reading: int) -> None: ...


@wrong("param-type", "a list for one value")
@sql("SELECT id, name FROM author WHERE id = %(author_id)s")
async def list_for_one(conn: Connection, *, author_id: list[int]) -> Numbered | None: ...


@wrong("param-type", "one value for ANY")
@sql("SELECT id, name FROM author WHERE id = ANY(%(author_ids)s) ORDER BY id")
async def one_for_any(conn: Connection, *, author_ids: int) -> list[Numbered]: ...


@wrong("param-type", "str for bytea")
@sql("SELECT count(*) FROM token WHERE digest = %(digest)s")
async def str_for_bytes(conn: Connection, *, digest: str) -> int: ...


@wrong("param-type", "str for an enum")
@sql("UPDATE reader SET rank = %(rank)s WHERE id = %(reader_id)s")
async def str_for_enum(conn: Connection, *, reader_id: ReaderId, rank: str) -> None: ...


@wrong("param-type", "an enum of something else")
@sql("UPDATE copy SET state = %(state)s WHERE id = %(copy_id)s")
async def another_enum(conn: Connection, *, copy_id: CopyId, state: Kind) -> None: ...


@wrong("param-type", "str where a check lists the values")
@sql(
    "UPDATE branch SET kind = %(kind)s WHERE id = %(branch_id)s",
    constraints={"branch_kind_check": ValueError},
)
async def str_for_check(conn: Connection, *, branch_id: BranchId, kind: str) -> None: ...


@wrong("param-type", "a list of strings for jsonb")
@sql("UPDATE branch SET opening = %(opening)s WHERE id = %(branch_id)s")
async def list_for_json(conn: Connection, *, branch_id: BranchId, opening: list[str]) -> None: ...


@wrong("param-type", "int for a domain over text")
@sql("SELECT count(*) FROM reader WHERE email = %(email)s AND deleted_at IS NULL")
async def int_for_domain(conn: Connection, *, email: int) -> int: ...


@wrong("param-type", "a value that the domain refuses")
@sql("UPDATE branch SET theme = %(theme)s WHERE id = %(branch_id)s")
async def value_outside_domain(conn: Connection, *, branch_id: BranchId, theme: Kind) -> None: ...


@wrong("eq-null", "equals None is never true")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND sponsor_id = %(sponsor_id)s
     ORDER BY id
    """
)
async def equals_none(
    conn: Connection, *, branch_id: BranchId, sponsor_id: ReaderId | None
) -> list[Named]: ...


@wrong("eq-null", "= NULL is never true")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s AND deleted_at = NULL")
async def equals_null(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("eq-null", "ANY of None is never true")
@sql("SELECT id, name FROM author WHERE id = ANY(%(author_ids)s) ORDER BY id")
async def any_of_none(conn: Connection, *, author_ids: list[int] | None) -> list[Numbered]: ...


@wrong("guard", "a guard on what is never None")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s -- if branch_id")
async def idle_guard(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("guard", "a guard on no parameter")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND deleted_at IS NULL   -- if alive
    """
)
async def guard_on_nothing(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("guard", "a guard with a value that the parameter cannot have")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
     ORDER BY name, id           -- if rank = boss
     ORDER BY created_at, id     -- if rank = guest
    """
)
async def guard_on_another_value(
    conn: Connection, *, branch_id: BranchId, rank: Rank
) -> list[Named]: ...


@wrong("missing", "`missing=` where None is declared")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s", missing=Taken)
async def missing_with_none(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("missing", "`missing=` on a number of rows")
@sql("UPDATE reader SET last_visit = now() WHERE id = %(reader_id)s", missing=Taken)
async def missing_with_count(conn: Connection, *, reader_id: ReaderId) -> int: ...


@wrong("missing", "`missing=` on a list")
@sql("SELECT id FROM loan WHERE reader_id = %(reader_id)s ORDER BY id", missing=Taken)
async def missing_with_list(conn: Connection, *, reader_id: ReaderId) -> list[LoanId]: ...


TABLE = "author"


@wrong("literal", "an f-string")
@sql(f"SELECT id, name FROM {TABLE} ORDER BY name")
async def f_string(conn: Connection) -> list[Numbered]: ...


@wrong("literal", "a concatenation")
@sql("SELECT id, name FROM " + TABLE)
async def concatenation(conn: Connection) -> list[Numbered]: ...


@wrong("literal", "a name for the text")
@sql(TABLE)
async def named_text(conn: Connection) -> list[Numbered]: ...


@wrong("keyword", "a positional parameter")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
async def positional(conn: Connection, reader_id: ReaderId) -> Named | None: ...


@wrong("body", "a body that never runs")
@sql("SELECT id FROM author WHERE id = %(author_id)s")
async def body(conn: Connection, *, author_id: int) -> int | None:
    return author_id


@wrong("stub", "a stub that is not async")
@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
def not_async(conn: Connection, *, reader_id: ReaderId) -> Named | None: ...


@wrong("stub", "no connection")
@sql("SELECT id FROM token WHERE id = %(token_id)s")
async def no_connection(*, token_id: UUID) -> UUID | None: ...
