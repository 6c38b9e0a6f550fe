"""Right statements: JSON that PostgreSQL builds and nobody reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated, Any, Generic, Literal, NotRequired, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from tests.sqlcheck.corpus.types import (
    AuthorId,
    BookId,
    BranchId,
    Kind,
    ReaderId,
    State,
    Taken,
    Unknown,
    VisitId,
)
from tests.sqlcheck.declare import Connection, Json, sql

T = TypeVar("T")


@dataclass(slots=True)
class Reader:
    id: ReaderId
    name: Annotated[str, StringConstraints(max_length=80)]
    nickname: str | None
    rank: Literal["guest", "reader", "librarian", "director"]
    born_on: date | None
    created_at: datetime


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name, nickname, rank, born_on, created_at
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """,
    missing=Unknown,
)
async def one_row(conn: Connection, *, reader_id: ReaderId) -> Json[Reader]: ...


@sql(
    """
    SELECT to_jsonb(shown)
      FROM (SELECT created_at, born_on, rank, nickname, name, id
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def in_another_order(conn: Connection, *, reader_id: ReaderId) -> Json[Reader] | None: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name, nickname, rank, born_on, created_at
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
     ORDER BY shown.created_at, shown.id
    """
)
async def many_rows(conn: Connection, *, branch_id: BranchId) -> list[Json[Reader]]: ...


@sql(
    """
    SELECT json_build_object(
               'id', id, 'name', name, 'nickname', nickname, 'rank', rank,
               'born_on', born_on, 'created_at', created_at)
      FROM reader
     WHERE branch_id = %(branch_id)s
     ORDER BY created_at, id
    """
)
def stream(conn: Connection, *, branch_id: BranchId) -> AsyncIterator[Json[Reader]]: ...


@dataclass(slots=True)
class CopyView:
    id: int
    state: State
    grade: int


@dataclass(slots=True)
class BookView:
    id: BookId
    title: str
    pages: int | None
    weight: float
    price: float | None
    tags: list[str]
    is_adult: bool
    copies: list[CopyView]


@dataclass(slots=True)
class BookPage:
    items: Json[list[BookView]]
    last_title: str | None
    last_id: BookId | None
    has_more: bool


@sql(
    """
    SELECT coalesce(json_agg(listed.body ORDER BY listed.title, listed.id)
                        FILTER (WHERE listed.place <= %(limit)s), '[]') AS items,
           max(listed.title) FILTER (WHERE listed.place = %(limit)s) AS last_title,
           (array_agg(listed.id) FILTER (WHERE listed.place = %(limit)s))[1] AS last_id,
           coalesce(bool_or(listed.place > %(limit)s), false) AS has_more
      FROM (SELECT row_to_json(shown) AS body, shown.title, shown.id,
                   row_number() OVER (ORDER BY shown.title, shown.id) AS place
              FROM (SELECT book.id, book.title, book.pages, book.weight, book.price, book.tags,
                           book.is_adult,
                           (SELECT coalesce(json_agg(row_to_json(child) ORDER BY child.id), '[]')
                              FROM (SELECT copy.id, copy.state, copy.grade
                                      FROM copy
                                     WHERE copy.book_id = book.id) AS child) AS copies
                      FROM book
                     WHERE (book.title, book.id) > (%(after_title)s, %(after_id)s)
                     ORDER BY book.title, book.id
                     LIMIT %(limit)s + 1) AS shown) AS listed
    -- allow scan: the library is small
    """
)
async def page(conn: Connection, *, limit: int, after_title: str, after_id: BookId) -> BookPage: ...


@dataclass(slots=True)
class Readers:
    items: Json[list[Reader]]


@sql(
    """
    SELECT coalesce(json_agg(listed.body ORDER BY listed.place), '[]') AS items
      FROM (SELECT row_to_json(shown) AS body,
                   row_number() OVER (ORDER BY shown.created_at, shown.id) AS place
              FROM (SELECT id, name, nickname, rank, born_on, created_at
                      FROM reader
                     WHERE branch_id = %(branch_id)s) AS shown) AS listed
    """
)
async def ordered_by_place(conn: Connection, *, branch_id: BranchId) -> Readers: ...


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = None


@dataclass(slots=True)
class Slice(Generic[T]):
    items: list[T]
    first: T | None


@sql(
    """
    SELECT json_build_object(
               'items', coalesce(json_agg(shown ORDER BY shown.id), '[]'),
               'next_cursor', max(shown.id::text))
      FROM (SELECT id, name, nickname, rank, born_on, created_at
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def generic_model(conn: Connection, *, branch_id: BranchId) -> Json[Page[Reader]]: ...


@dataclass(slots=True)
class Person:
    id: UUID
    name: str


@sql(
    """
    WITH listed AS (
        SELECT reader.id, json_build_object('id', reader.id, 'name', reader.name) AS body
          FROM reader
         WHERE reader.branch_id = %(branch_id)s
    )
    SELECT json_build_object(
               'items', (SELECT coalesce(json_agg(listed.body ORDER BY listed.id), '[]')
                           FROM listed),
               'first', (SELECT listed.body FROM listed ORDER BY listed.id LIMIT 1))
    """
)
async def generic_dataclass(conn: Connection, *, branch_id: BranchId) -> Json[Slice[Person]]: ...


@dataclass(slots=True)
class Made:
    id: ReaderId
    body: Json[Person]


@sql(
    """
    WITH made AS (
        INSERT INTO reader (branch_id, email, name)
        VALUES (%(branch_id)s, %(email)s, %(name)s)
        RETURNING id, name
    )
    SELECT made.id, row_to_json(made) AS body
      FROM made
    """,
    constraints={
        "reader_email": Taken,
        "reader_branch_id_fkey": Unknown,
        "email_address_check": Unknown,
    },
)
async def written_in_a_cte(
    conn: Connection, *, branch_id: BranchId, email: str, name: str
) -> Made: ...


@dataclass(slots=True)
class Nicknamed:
    id: UUID
    nickname: str


@sql(
    """
    UPDATE reader
       SET nickname = %(nickname)s
     WHERE id = %(reader_id)s
    RETURNING json_build_object('id', id, 'nickname', nickname)
    """,
    missing=Unknown,
)
async def returned_by_an_update(
    conn: Connection, *, reader_id: ReaderId, nickname: str
) -> Json[Nicknamed]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, nickname FROM reader WHERE id = %(reader_id)s) AS shown
     WHERE shown.nickname IS NOT NULL
    """
)
async def filtered_outside(conn: Connection, *, reader_id: ReaderId) -> Json[Nicknamed] | None: ...


class Sponsored(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    reader_name: str
    sponsor: Person | None


@sql(
    """
    SELECT json_build_object(
               'readerName', reader.name,
               'sponsor', CASE WHEN sponsor.id IS NOT NULL
                               THEN json_build_object('id', sponsor.id, 'name', sponsor.name)
                          END)
      FROM reader
      LEFT JOIN reader sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.id = %(reader_id)s
    """
)
async def aliased(conn: Connection, *, reader_id: ReaderId) -> Json[Sponsored] | None: ...


class Renamed(BaseModel):
    id: UUID
    called: Annotated[str, Field(serialization_alias="name")]
    secret: Annotated[str, Field(exclude=True)] = ""


@sql(
    "SELECT jsonb_build_object('id', id, 'name', name) FROM active_reader WHERE id = %(reader_id)s"
)
async def through_a_view(conn: Connection, *, reader_id: ReaderId) -> Json[Renamed] | None: ...


class Hours(TypedDict):
    code: str
    kind: Kind
    opening: dict[str, Any]
    closed_at: NotRequired[AwareDatetime | None]


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT code, kind, opening FROM branch WHERE id = %(branch_id)s) AS shown
    """
)
async def typed_dict(conn: Connection, *, branch_id: BranchId) -> Json[Hours] | None: ...


@sql("SELECT opening FROM branch WHERE id = %(branch_id)s", missing=Unknown)
async def stored(conn: Connection, *, branch_id: BranchId) -> Json[dict[str, Any]]: ...


@dataclass(slots=True)
class Stored:
    kind: str
    payload: Person
    more: object


@sql(
    """
    SELECT json_build_object(
               'kind', kind, 'payload', payload, 'more', payload -> 'more')
      FROM event
     WHERE id = %(event_id)s
    """
)
async def stored_model(conn: Connection, *, event_id: int) -> Json[Stored] | None: ...


@dataclass(slots=True)
class Cover:
    id: BookId
    extra: Json[dict[str, Any]] | None


@sql("SELECT id, extra FROM book WHERE id = %(book_id)s")
async def stored_or_null(conn: Connection, *, book_id: BookId) -> Cover | None: ...


@dataclass(slots=True)
class Clock:
    now: datetime
    today: date
    noon: time
    texts: list[str]
    ids: list[AuthorId]
    fixed: list[int]
    numbers: dict[str, int]
    pair: list[str | int]
    half: float
    anything: Any = None
    listed: list[int] = field(default_factory=list)


@sql(
    """
    SELECT json_build_object(
               'now', now(), 'today', current_date, 'noon', '12:00'::time,
               'texts', ARRAY(SELECT author.name FROM author ORDER BY author.id),
               'ids', to_json(ARRAY(SELECT author.id FROM author ORDER BY author.id)),
               'fixed', ARRAY[1, 2], 'numbers', json_build_object('one', 1, 'two', 2),
               'pair', json_build_array('a'::text, 1), 'half', 0.5, 'anything', NULL,
               'listed', '[]'::jsonb)
    """
)
async def scalars(conn: Connection) -> Json[Clock]: ...


@sql(
    """
    SELECT coalesce(json_object_agg(branch.code, branch.name), '{}')::jsonb
      FROM branch
    """
)
async def dictionary(conn: Connection) -> Json[dict[str, str]]: ...


@sql(
    """
    SELECT CASE WHEN branch.closed_at IS NULL
                THEN json_build_object('id', branch.id, 'name', branch.name)
                ELSE json_build_object('name', 'closed', 'id', branch.id)
           END
      FROM branch
     WHERE branch.id = %(branch_id)s
    """
)
async def branches_of_one_shape(
    conn: Connection, *, branch_id: BranchId
) -> Json[Person] | None: ...


@sql(
    """
    SELECT json_build_object('id', id, 'name', name)
      FROM reader
     WHERE id = %(reader_id)s
     UNION ALL
    SELECT json_build_object('id', id, 'name', code)
      FROM branch
     WHERE id = %(branch_id)s
    """
)
def union(
    conn: Connection, *, reader_id: ReaderId, branch_id: BranchId
) -> AsyncIterator[Json[Person]]: ...


@dataclass(slots=True)
class Cat:
    kind: Literal["cat"]
    lives: int


@dataclass(slots=True)
class Dog:
    kind: Literal["dog"]
    name: str


@sql(
    """
    SELECT CASE WHEN %(is_cat)s
                THEN json_build_object('kind', 'cat', 'lives', 9)
                ELSE json_build_object('kind', 'dog', 'name', 'Rex')
           END
    """
)
async def one_of_two(conn: Connection, *, is_cat: bool) -> Json[Cat | Dog]: ...


@dataclass(slots=True)
class StopView:
    place: int
    room: str


@dataclass(slots=True)
class VisitView:
    id: VisitId
    came_at: datetime
    stops: list[StopView]


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT visit.id, visit.came_at,
                   coalesce((SELECT json_agg(child ORDER BY child.place)
                               FROM (SELECT visit_stop.place, visit_stop.room
                                       FROM visit_stop
                                      WHERE visit_stop.branch_id = visit.branch_id
                                        AND visit_stop.visit_id = visit.id) AS child),
                            '[]') AS stops
              FROM visit
             WHERE visit.branch_id = %(branch_id)s
               AND visit.id = %(visit_id)s) AS shown
    """,
    missing=Unknown,
)
async def tenant(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId
) -> Json[VisitView]: ...


@sql(
    """
    SELECT coalesce(json_agg(row_to_json(sponsor) ORDER BY reader.id)
                        FILTER (WHERE sponsor.id IS NOT NULL), '[]')
      FROM reader
      LEFT JOIN (SELECT id, name FROM reader) AS sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
    """
)
async def filter_of_an_outer_join(
    conn: Connection, *, branch_id: BranchId
) -> Json[list[Person]]: ...


@sql(
    """
    SELECT row_to_json(made)
      FROM (SELECT shown.id, shown.name
              FROM (SELECT id, name FROM reader WHERE id = %(reader_id)s) AS shown) AS made
    """
)
async def through_two_levels(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (VALUES (gen_random_uuid(), 'Ann'::text)) AS shown (id, name)
    """
)
async def values_renamed(conn: Connection) -> Json[Person]: ...


@sql("SELECT to_json(id) FROM branch WHERE code = %(code)s")
async def plain_value(conn: Connection, *, code: str) -> Json[BranchId] | None: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name COLLATE "C" AS name FROM reader WHERE id = %(reader_id)s) AS shown
    """
)
async def collated(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@sql(
    """
    SELECT json_build_object('items', ARRAY[[1, 2], [3, 4]], 'first', NULL)
    """
)
async def array_of_arrays(conn: Connection) -> Json[Slice[list[int]]]: ...


@sql(
    """
    SELECT json_build_object(
               'id', id,
               'name', (SELECT to_json(x) FROM (SELECT name) AS x) ->> 'name')
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def text_out_of_json(conn: Connection, *, reader_id: ReaderId) -> "Json[Loose] | None": ...


@dataclass(slots=True)
class Loose:
    id: UUID
    name: str | None


@sql(
    """
    SELECT json_build_object(
               'id', id, 'person', (SELECT row_to_json(x) FROM (SELECT id, name) AS x))
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def row_of_nothing(conn: Connection, *, reader_id: ReaderId) -> "Json[Nested] | None": ...


@dataclass(slots=True)
class Nested:
    id: UUID
    person: Person
