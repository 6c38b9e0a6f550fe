"""Wrong statements: writes, constraints, tenants, habits, indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.sqlcheck.corpus.types import (
    BookId,
    BranchId,
    CopyId,
    LoanId,
    Named,
    Numbered,
    ReaderId,
    Taken,
    Unknown,
    VisitId,
)
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("where", "DELETE of everything")
@sql("DELETE FROM event")
async def delete_all(conn: Connection) -> int: ...


@wrong("where", "UPDATE of everything")
@sql("UPDATE token SET uses = 0")
async def update_all(conn: Connection) -> int: ...


@wrong("where", "DELETE of everything inside WITH")
@sql("WITH gone AS (DELETE FROM event RETURNING id) SELECT count(*) FROM gone")
async def delete_all_inside(conn: Connection) -> int: ...


@wrong("not-null", "an optional parameter")
@sql("UPDATE author SET name = %(name)s WHERE id = %(author_id)s")
async def none_into_not_null(conn: Connection, *, author_id: int, name: str | None) -> None: ...


@wrong("not-null", "a column left out")
@sql("INSERT INTO event (branch_id, kind) SELECT id, 'opened' FROM branch WHERE code = %(code)s")
async def column_left_out(conn: Connection, *, code: str) -> int: ...


@wrong("not-null", "DEFAULT where there is none")
@sql("INSERT INTO author (name) VALUES (DEFAULT)")
async def no_default(conn: Connection) -> None: ...


@wrong("not-null", "from an outer join")
@sql(
    """
    INSERT INTO author (name)
    SELECT sponsor.name
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
    """
)
async def null_of_outer_join(conn: Connection, *, branch_id: BranchId) -> int: ...


@wrong("not-null", "a sub-query that may find nothing")
@sql(
    """
    UPDATE reader
       SET name = (SELECT name FROM author WHERE author.id = %(author_id)s)
     WHERE id = %(reader_id)s
    """
)
async def null_of_sub_query(conn: Connection, *, author_id: int, reader_id: ReaderId) -> None: ...


@wrong("not-null", "a row of sub-query columns")
@sql(
    """
    UPDATE reader
       SET (name, nickname) = (SELECT title, subtitle FROM book WHERE book.id = %(book_id)s)
     WHERE id = %(reader_id)s
    """
)
async def null_of_row(conn: Connection, *, book_id: BookId, reader_id: ReaderId) -> None: ...


@wrong("not-null", "NULL on conflict")
@sql(
    """
    INSERT INTO branch (code, name)
    VALUES (%(code)s, 'x')
    ON CONFLICT (code) DO UPDATE SET name = %(name)s
    """
)
async def null_on_conflict(conn: Connection, *, code: str, name: str | None) -> None: ...


@wrong("not-in", "NOT IN with a nullable column")
@sql(
    """
    SELECT id, name
      FROM reader
     WHERE branch_id = %(branch_id)s
       AND id NOT IN (SELECT sponsor_id FROM reader)
     ORDER BY name
    """
)
async def not_in(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("not-in", "NOT IN through an outer join")
@sql(
    """
    SELECT id, name
      FROM branch
     WHERE id NOT IN (
               SELECT reader.branch_id
                 FROM loan
                 LEFT JOIN reader ON reader.id = loan.reader_id AND reader.deleted_at IS NULL)
     ORDER BY name, id
    """
)
async def not_in_outer_join(conn: Connection) -> list[Named]: ...


# ---- constraints that are named ----


@wrong("constraint", "no such constraint")
@sql(
    "UPDATE author SET name = %(name)s WHERE id = %(author_id)s",
    constraints={"author_name_key": Taken},
)
async def no_such_constraint(conn: Connection, *, author_id: int, name: str) -> None: ...


@wrong("constraint", "a constraint of another table")
@sql(
    "UPDATE author SET name = %(name)s WHERE id = %(author_id)s",
    constraints={"branch_code_key": Taken},
)
async def constraint_elsewhere(conn: Connection, *, author_id: int, name: str) -> None: ...


@wrong("constraint", "constraints on a read")
@sql(
    "SELECT id, name FROM author WHERE id = %(author_id)s",
    constraints={"author_pkey": Taken},
)
async def constraint_on_read(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("constraint", "a deferred constraint")
@sql(
    "UPDATE booking SET reader_id = %(reader_id)s WHERE branch_id = %(branch_id)s",
    constraints={"booking_reader_id_fkey": Unknown},
)
async def deferred_constraint(
    conn: Connection, *, reader_id: ReaderId, branch_id: BranchId
) -> int: ...


# ---- constraints that nobody names ----


@wrong("constraint", "a unique key")
@sql("INSERT INTO branch (code, name) VALUES (%(code)s, %(name)s)")
async def unnamed_unique(conn: Connection, *, code: str, name: str) -> None: ...


@wrong("constraint", "a unique key under UPDATE")
@sql("UPDATE branch SET code = %(code)s WHERE id = %(branch_id)s")
async def unnamed_unique_update(conn: Connection, *, branch_id: BranchId, code: str) -> None: ...


@wrong("constraint", "a primary key that the caller chooses")
@sql(
    """
    INSERT INTO visit (branch_id, id, reader_id)
    VALUES (%(branch_id)s, %(visit_id)s, %(reader_id)s)
    """
)
async def unnamed_primary_key(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId, reader_id: ReaderId
) -> None: ...


@wrong("constraint", "another key than the one of ON CONFLICT")
@sql(
    """
    INSERT INTO branch (id, code, name)
    VALUES (%(branch_id)s, %(code)s, 'x')
    ON CONFLICT (id) DO NOTHING
    """
)
async def unnamed_second_key(conn: Connection, *, branch_id: BranchId, code: str) -> None: ...


@wrong("constraint", "a foreign key")
@sql("UPDATE copy SET branch_id = %(branch_id)s WHERE id = %(copy_id)s")
async def unnamed_foreign_key(
    conn: Connection, *, copy_id: CopyId, branch_id: BranchId
) -> None: ...


@wrong("constraint", "a composite foreign key")
@sql(
    """
    INSERT INTO invoice_line (branch_id, number, position, label, quantity, price)
    VALUES (%(branch_id)s, %(number)s, %(position)s, 'x', 1, 1)
    ON CONFLICT DO NOTHING
    """
)
async def unnamed_composite_key(
    conn: Connection, *, branch_id: BranchId, number: str, position: int
) -> None: ...


@wrong("constraint", "a foreign key that points here")
@sql("DELETE FROM reader WHERE id = %(reader_id)s")
async def unnamed_referrer(conn: Connection, *, reader_id: ReaderId) -> int: ...


@wrong("constraint", "a check")
@sql("UPDATE copy SET grade = %(grade)s WHERE id = %(copy_id)s")
async def unnamed_check(conn: Connection, *, copy_id: CopyId, grade: int) -> None: ...


@wrong("constraint", "an exclusion")
@sql("UPDATE booking SET room = %(room)s WHERE branch_id = %(branch_id)s")
async def unnamed_exclusion(conn: Connection, *, branch_id: BranchId, room: int) -> int: ...


@wrong("constraint", "a partial unique index")
@sql(
    """
    INSERT INTO loan (copy_id, reader_id, due_on)
    SELECT copy.id, reader.id, current_date
      FROM copy
     CROSS JOIN reader
     WHERE copy.id = %(copy_id)s
       AND reader.id = %(reader_id)s
       AND %(copy_id)s > 0
     UNION ALL
    SELECT %(copy_id)s, reader.id, current_date FROM reader WHERE reader.id = %(reader_id)s
    """,
    constraints={"loan_copy_id_fkey": Unknown},
)
async def unnamed_partial_index(
    conn: Connection, *, copy_id: CopyId, reader_id: ReaderId
) -> int: ...


@wrong("constraint", "a foreign key behind a list")
@sql(
    """
    INSERT INTO book_author (book_id, author_id, place)
    SELECT book.id, wanted.author_id, 1
      FROM book
     CROSS JOIN unnest(%(author_ids)s::bigint[]) AS wanted (author_id)
     WHERE book.id = %(book_id)s
    ON CONFLICT DO NOTHING
    """
)
async def unnamed_key_of_a_list(
    conn: Connection, *, book_id: BookId, author_ids: list[int]
) -> int: ...


# ---- tenants ----


@wrong("tenant", "the tenant is not pinned")
@sql("SELECT id FROM visit WHERE id = %(visit_id)s ORDER BY id")
async def unpinned(conn: Connection, *, visit_id: VisitId) -> list[VisitId]: ...


@wrong("tenant", "a joined table is not pinned")
@sql(
    """
    SELECT visit_stop.room
      FROM visit
      JOIN visit_stop ON visit_stop.visit_id = visit.id
     WHERE visit.branch_id = %(branch_id)s
     ORDER BY visit_stop.room
    """
)
async def unpinned_join(conn: Connection, *, branch_id: BranchId) -> list[str]: ...


@wrong("tenant", "two tables pin each other only")
@sql(
    """
    SELECT visit_stop.room
      FROM visit
      JOIN visit_stop
        ON visit_stop.branch_id = visit.branch_id AND visit_stop.visit_id = visit.id
     ORDER BY visit_stop.room
    """
)
async def pinned_to_each_other(conn: Connection) -> list[str]: ...


@wrong("tenant", "an update across tenants")
@sql("UPDATE visit SET left_at = now() WHERE left_at IS NULL AND came_at < %(at)s -- allow scan")
async def unpinned_update(conn: Connection, *, at: datetime) -> int: ...


@wrong("tenant", "a sub-query across tenants")
@sql(
    """
    SELECT count(*)
      FROM visit
     WHERE branch_id = %(branch_id)s
       AND NOT EXISTS (SELECT FROM visit_stop WHERE visit_stop.visit_id = visit.id)
    """
)
async def unpinned_sub_query(conn: Connection, *, branch_id: BranchId) -> int: ...


# ---- habits ----


@wrong("star", "SELECT *")
@sql("SELECT * FROM author WHERE id = %(author_id)s -- allow columns")
async def star(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("star", "RETURNING *")
@sql("INSERT INTO author (name) VALUES (%(name)s) RETURNING * -- allow columns")
async def returning_star(conn: Connection, *, name: str) -> Numbered: ...


@wrong("star", "INSERT without columns")
@sql("INSERT INTO book_author SELECT %(book_id)s, 1, 1 -- allow constraint")
async def insert_without_columns(conn: Connection, *, book_id: BookId) -> None: ...


@wrong("limit", "LIMIT without ORDER BY")
@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s LIMIT 10")
async def unordered(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@wrong("limit", "OFFSET without ORDER BY inside")
@sql(
    """
    SELECT page.id, page.name
      FROM (SELECT id, name FROM branch OFFSET 10) page
     ORDER BY page.id
    """
)
async def unordered_inside(conn: Connection) -> list[Named]: ...


# ---- indexes ----


@wrong("scan", "no index for the filter")
@sql("SELECT id FROM loan WHERE due_on < current_date ORDER BY id")
async def no_index(conn: Connection) -> list[LoanId]: ...


@wrong("scan", "an expression hides the column")
@sql("SELECT id, name FROM reader WHERE lower(name) = %(name)s ORDER BY id")
async def hidden_column(conn: Connection, *, name: str) -> list[Named]: ...


@wrong("width", "bigint compared with integer")
@sql(
    """
    SELECT author.id, author.name
      FROM author
      JOIN token ON token.uses = author.id
     WHERE token.branch_id = %(branch_id)s
     ORDER BY author.id, token.id
    """
)
async def two_widths(conn: Connection, *, branch_id: BranchId) -> list[Numbered]: ...


@wrong("param-type", "a sequence is not always a list")
@sql("SELECT id, name FROM author WHERE id = ANY(%(author_ids)s) ORDER BY id")
async def sequence(conn: Connection, *, author_ids: Sequence[int]) -> list[Numbered]: ...


@wrong("allow-note", "silencing what was never said")
@sql("SELECT id, name FROM author WHERE id = %(author_id)s -- allow scan")
async def idle_allow(conn: Connection, *, author_id: int) -> Numbered | None: ...


@wrong("allow-note", "silencing a constraint that cannot fire")
@sql(
    """
    UPDATE author
       SET name = %(name)s
     WHERE id = %(author_id)s
    -- allow constraint(author_pkey)
    """
)
async def idle_allow_of_a_name(conn: Connection, *, author_id: int, name: str) -> None: ...


@wrong("tenant", "a view over a tenant's table")
@sql("SELECT max(visits) FROM busy_room WHERE room = %(room)s")
async def unpinned_view(conn: Connection, *, room: str) -> "Count": ...


@dataclass(slots=True)
class Count:
    max: int | None


@wrong("tenant", "tied to a column outside that is no tenant")
@sql(
    """
    SELECT reader.name
      FROM reader
     WHERE reader.id = %(reader_id)s
       AND EXISTS (SELECT FROM visit WHERE visit.branch_id = reader.id)
    """
)
async def tied_to_something(conn: Connection, *, reader_id: ReaderId) -> str | None: ...


@wrong("tenant", "the sub-query chooses before the tenant is pinned")
@sql(
    """
    SELECT count(*)
      FROM (SELECT branch_id FROM visit ORDER BY came_at, branch_id, id LIMIT 100) AS first_visit
     WHERE branch_id = %(branch_id)s
    """
)
async def pinned_too_late(conn: Connection, *, branch_id: BranchId) -> int: ...


@wrong("constraint", "the check of a domain")
@sql(
    "UPDATE reader SET email = %(email)s WHERE id = %(reader_id)s",
    constraints={"reader_email": Taken},
)
async def unnamed_domain_check(conn: Connection, *, reader_id: ReaderId, email: str) -> int: ...


@wrong("scan", "the second column of an index")
@sql("SELECT id FROM copy WHERE state = 'lost' ORDER BY id")
async def second_column(conn: Connection) -> list[CopyId]: ...
