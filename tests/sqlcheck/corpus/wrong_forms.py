"""Wrong statements: COPY and LISTEN."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tests.sqlcheck.corpus.types import BookId, BranchId, Json, Kind, Notification, ReaderId, Taken
from tests.sqlcheck.declare import Connection, sql, wrong


@wrong("sql", "a column that does not exist, inside COPY")
@sql("COPY (SELECT nam FROM reader WHERE branch_id = %(branch_id)s ORDER BY id) TO STDOUT")
def copy_unknown_column(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[bytes]: ...


@wrong("params", "a placeholder that is no parameter, inside COPY")
@sql("COPY (SELECT name FROM reader WHERE branch_id = %(branch)s ORDER BY id) TO STDOUT")
def copy_unknown_name(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("param-type", "a parameter of the wrong type, inside COPY")
@sql("COPY (SELECT name FROM reader WHERE branch_id = %(branch_id)s ORDER BY id) TO STDOUT")
def copy_wrong_parameter(conn: Connection, *, branch_id: int) -> AsyncIterator[bytes]: ...


@wrong("eq-null", "a parameter that may be None, inside COPY")
@sql("COPY (SELECT name FROM reader WHERE branch_id = %(branch_id)s ORDER BY id) TO STDOUT")
def copy_none(conn: Connection, *, branch_id: BranchId | None) -> AsyncIterator[bytes]: ...


@wrong("tenant", "a tenant's table, inside COPY")
@sql("COPY (SELECT came_at FROM visit WHERE id = %(visit_id)s) TO STDOUT")
def copy_any_tenant(conn: Connection, *, visit_id: UUID) -> AsyncIterator[bytes]: ...


@wrong("scan", "no index, inside COPY")
@sql("COPY (SELECT title FROM book WHERE pages > %(pages)s ORDER BY id) TO STDOUT")
def copy_scan(conn: Connection, *, pages: int) -> AsyncIterator[bytes]: ...


@wrong("star", "a star, inside COPY")
@sql("COPY (SELECT * FROM author ORDER BY id) TO STDOUT")
def copy_star(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("sql", "a format that does not exist")
@sql("COPY (SELECT name FROM author ORDER BY id) TO STDOUT WITH (FORMAT xlsx)")
def copy_format(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("sql", "an option for a column that is not copied")
@sql("COPY (SELECT name FROM author ORDER BY id) TO STDOUT (FORMAT csv, FORCE_QUOTE (born_on))")
def copy_quoted(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("result", "text from COPY")
@sql("COPY (SELECT name FROM author ORDER BY id) TO STDOUT")
def copy_text(conn: Connection) -> AsyncIterator[str]: ...


@wrong("result", "a list from COPY")
@sql("COPY (SELECT name FROM author ORDER BY id) TO STDOUT")
async def copy_list(conn: Connection) -> list[bytes]: ...


@wrong("stub", "a coroutine for a stream of bytes")
@sql("COPY (SELECT name FROM author ORDER BY id) TO STDOUT")
async def copy_coroutine(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("form", "COPY of a whole table")
@sql("COPY author TO STDOUT")
def copy_table(conn: Connection) -> AsyncIterator[bytes]: ...


@wrong("form", "COPY into a file of the server's")
@sql("COPY (SELECT name FROM author ORDER BY id) TO '/tmp/authors'")
async def copy_into_file(conn: Connection) -> int: ...


@wrong("quoted", "a placeholder inside quotes, inside COPY")
@sql("COPY (SELECT name FROM author WHERE name = '%(name)s' ORDER BY id) TO STDOUT -- allow scan")
def copy_in_quotes(conn: Connection, *, name: str) -> AsyncIterator[bytes]: ...


@wrong("where", "COPY of a DELETE of everything")
@sql("COPY (DELETE FROM event RETURNING id) TO STDOUT")
def copy_deleted(conn: Connection) -> AsyncIterator[bytes]: ...


@dataclass(slots=True)
class NewAuthor:
    name: str


@dataclass(slots=True)
class MaybeNamed:
    name: str | None


@dataclass(slots=True)
class NewEvent:
    branch_id: BranchId
    kind: str
    payload: str


@dataclass(slots=True)
class JsonEvent:
    branch_id: BranchId
    kind: str
    payload: Json


@dataclass(slots=True)
class NewLink:
    book_id: BookId
    author_id: str
    place: int


@dataclass(slots=True)
class NewBranch:
    code: str
    name: str
    kind: Kind


@dataclass(slots=True)
class FreeBranch:
    code: str
    name: str
    kind: str


@dataclass(slots=True)
class NewStop:
    visit_id: UUID
    place: int
    room: str


@dataclass(slots=True)
class NewBook:
    isbn: str
    title: str
    legacy_at: datetime


@wrong("columns", "a column without a field")
@sql("COPY author (name, died_on) FROM STDIN")
async def fill_without_field(conn: Connection, *, rows: Iterable[NewAuthor]) -> int: ...


@wrong("columns", "a field without a column")
@sql(
    """
    COPY event (branch_id, payload) FROM STDIN
    """
)
async def fill_without_column(conn: Connection, *, rows: Iterable[NewEvent]) -> int: ...


@wrong("sql", "a column that does not exist, in COPY FROM")
@sql("COPY reader (name, branch_id, kind, payload) FROM STDIN")
async def fill_unknown(conn: Connection, *, rows: Iterable["KindOfReader"]) -> int: ...


@dataclass(slots=True)
class KindOfReader:
    name: str
    branch_id: BranchId
    kind: str
    payload: str


@wrong("param-type", "a field of the wrong type")
@sql("COPY book_author (book_id, author_id, place) FROM STDIN  -- allow constraint")
async def fill_wrong_type(conn: Connection, *, rows: Iterable[NewLink]) -> int: ...


@wrong("param-type", "a dict, which COPY cannot send")
@sql("COPY event (branch_id, kind, payload) FROM STDIN")
async def fill_with_dicts(conn: Connection, *, rows: Iterable[JsonEvent]) -> int: ...


@wrong("param-type", "any text where a check lists a few")
@sql(
    """
    COPY branch (code, name, kind) FROM STDIN  -- allow constraint(branch_kind_check)
    """,
    constraints={"branch_code_key": Taken},
)
async def fill_any_text(conn: Connection, *, rows: Iterable[FreeBranch]) -> int: ...


@wrong("param-type", "an aware time for a timestamp without zone")
@sql(
    "COPY book (isbn, title, legacy_at) FROM STDIN  -- allow constraint(book_isbn_check)",
    constraints={"book_isbn_key": Taken},
)
async def fill_zone(conn: Connection, *, rows: Iterable[NewBook]) -> int: ...


@wrong("not-null", "None into NOT NULL, copied")
@sql("COPY author (name) FROM STDIN")
async def fill_none(conn: Connection, *, rows: Iterable[MaybeNamed]) -> int: ...


@dataclass(slots=True)
class HalfEvent:
    branch_id: BranchId
    kind: str


@wrong("not-null", "a column left out of COPY FROM")
@sql("COPY event (branch_id, kind) FROM STDIN  -- allow constraint(event_branch_id_fkey)")
async def fill_left_out(conn: Connection, *, rows: Iterable[HalfEvent]) -> int: ...


@wrong("constraint", "a unique key that copied rows can violate")
@sql("COPY branch (code, name, kind) FROM STDIN")
async def fill_taken(conn: Connection, *, rows: Iterable[NewBranch]) -> int: ...


@wrong("constraint", "a constraint that does not exist, in COPY FROM")
@sql("COPY author (name) FROM STDIN", constraints={"author_name_key": Taken})
async def fill_no_constraint(conn: Connection, *, rows: Iterable[NewAuthor]) -> int: ...


@wrong("tenant", "a tenant's table filled without its tenant")
@sql("COPY visit_stop (visit_id, place, room) FROM STDIN  -- allow not-null, constraint")
async def fill_without_tenant(conn: Connection, *, rows: Iterable[NewStop]) -> int: ...


@wrong("result", "rows from COPY FROM")
@sql("COPY author (name) FROM STDIN")
async def fill_returning(conn: Connection, *, rows: Iterable[NewAuthor]) -> list[int]: ...


@wrong("params", "a list of names instead of rows")
@sql("COPY author (name) FROM STDIN")
async def fill_with_values(conn: Connection, *, rows: Iterable[str]) -> int: ...


@wrong("params", "a parameter beside the rows")
@sql("COPY author (name) FROM STDIN")
async def fill_and_more(
    conn: Connection, *, rows: Iterable[NewAuthor], reader_id: ReaderId
) -> int: ...


@wrong("params", "a placeholder in COPY FROM")
@sql("COPY author (name) FROM STDIN WHERE name <> %(name)s")
async def fill_where(conn: Connection, *, name: str) -> int: ...


@wrong("form", "another format than the rows are sent in")
@sql("COPY author (name) FROM STDIN WITH (FORMAT csv)")
async def fill_csv(conn: Connection, *, rows: Iterable[NewAuthor]) -> int: ...


@wrong("form", "COPY FROM without its columns")
@sql("COPY author FROM STDIN")
async def fill_everything(conn: Connection, *, rows: Iterable[NewAuthor]) -> int: ...


@wrong("missing", "nothing can be missing from a copy")
@sql("COPY author (name) FROM STDIN", missing=Taken)
async def fill_missing(conn: Connection, *, rows: Iterable[NewAuthor]) -> int: ...


@wrong("result", "texts from LISTEN")
@sql("LISTEN arrivals")
def listen_text(conn: Connection) -> AsyncIterator[str]: ...


@wrong("result", "nothing from LISTEN")
@sql("LISTEN arrivals")
async def listen_none(conn: Connection) -> None: ...


@wrong("form", "a channel of capitals and signs")
@sql('LISTEN "New arrivals"')
def listen_quoted(conn: Connection) -> AsyncIterator[Notification]: ...


@wrong("form", "LISTEN to nothing")
@sql("LISTEN")
def listen_nowhere(conn: Connection) -> AsyncIterator[Notification]: ...


@wrong("params", "LISTEN takes no parameter")
@sql("LISTEN arrivals")
def listen_parameter(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[Notification]: ...


@wrong("utility", "NOTIFY is a function: pg_notify")
@sql("NOTIFY arrivals")
async def notify(conn: Connection) -> None: ...
