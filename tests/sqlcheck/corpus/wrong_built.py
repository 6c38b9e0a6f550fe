"""Wrong statements: JSON that goes out unread, and is not what its type says."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    computed_field,
    field_serializer,
    model_serializer,
)

from tests.sqlcheck.corpus.types import BookId, BranchId, CopyId, Kind, ReaderId, State, VisitId
from tests.sqlcheck.declare import Connection, Json, sql, wrong

T = TypeVar("T")


@dataclass(slots=True)
class Person:
    id: UUID
    name: str


@dataclass(slots=True)
class Aged:
    id: UUID
    born_on: dt.date


@dataclass(slots=True)
class People:
    people: list[Person]


@dataclass(slots=True)
class One(Generic[T]):
    one: T


@wrong("json", "a missing key")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def missing_key(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a key too many")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name, nickname
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def extra_key(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a misspelt key")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name AS nam
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def misspelt_key(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a column that may be NULL")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, nickname AS name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def nullable_column(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a date that may be NULL")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, born_on
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def nullable_date(conn: Connection, *, reader_id: ReaderId) -> Json[Aged] | None: ...


@wrong("json", "a key that is written twice")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name, nickname AS name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def doubled_key(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a key that is given twice")
@sql(
    """
    SELECT json_build_object('id', id, 'name', name, 'name', name)
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def doubled_key_in_a_call(
    conn: Connection, *, reader_id: ReaderId
) -> Json[Person] | None: ...


@wrong("json", "an array for an object")
@sql(
    """
    SELECT coalesce(json_agg(shown ORDER BY shown.id), '[]')
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def array_for_an_object(conn: Connection, *, branch_id: BranchId) -> Json[Person]: ...


@wrong("json", "an object for an array")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def object_for_an_array(
    conn: Connection, *, reader_id: ReaderId
) -> Json[list[Person]] | None: ...


@wrong("null", "no rows make NULL, not []")
@sql(
    """
    SELECT json_agg(shown ORDER BY shown.id)
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def no_coalesce(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("json", "no rows make null inside")
@sql(
    """
    SELECT json_build_object(
               'people', (SELECT json_agg(shown ORDER BY shown.id)
                            FROM (SELECT id, name
                                    FROM reader
                                   WHERE branch_id = %(branch_id)s) AS shown))
    """
)
async def no_coalesce_inside(conn: Connection, *, branch_id: BranchId) -> Json[People]: ...


@wrong("json", "an object where there are no rows")
@sql(
    """
    SELECT coalesce(json_agg(shown ORDER BY shown.id), '{}')
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def wrong_empty(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("json", "JSON's null where there are no rows")
@sql(
    """
    SELECT coalesce(json_agg(shown ORDER BY shown.id), 'null')
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def null_where_empty(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("json", "a literal with something in it")
@sql(
    """
    SELECT coalesce(json_agg(shown ORDER BY shown.id), '[{"id": 1}]')
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def literal_with_content(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("json", "a number for a text")
@sql(
    """
    SELECT json_build_object('one', weight::integer)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def integer_for_text(conn: Connection, *, book_id: BookId) -> Json[One[str]] | None: ...


@wrong("json", "a text for a number")
@sql(
    """
    SELECT json_build_object('one', title)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def text_for_integer(conn: Connection, *, book_id: BookId) -> Json[One[int]] | None: ...


@wrong("json", "a numeric for an int")
@sql(
    """
    SELECT json_build_object('one', coalesce(price, 0))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def numeric_for_int(conn: Connection, *, book_id: BookId) -> Json[One[int]] | None: ...


@wrong("json", "a number where pydantic writes a string")
@sql(
    """
    SELECT json_build_object('one', coalesce(price, 0))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def numeric_for_decimal(
    conn: Connection, *, book_id: BookId
) -> Json[One[Decimal]] | None: ...


@wrong("json", "a float for an int")
@sql(
    """
    SELECT json_build_object('one', weight)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def float_for_int(conn: Connection, *, book_id: BookId) -> Json[One[int]] | None: ...


@wrong("json", "a number for a bool")
@sql(
    """
    SELECT json_build_object('one', 1)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def integer_for_bool(conn: Connection, *, book_id: BookId) -> Json[One[bool]] | None: ...


@wrong("json", "a text for an id")
@sql(
    """
    SELECT json_build_object('one', title)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def text_for_uuid(conn: Connection, *, book_id: BookId) -> Json[One[UUID]] | None: ...


@wrong("json", "an interval")
@sql(
    """
    SELECT json_build_object('one', coalesce(reading, '1 day'))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def interval(conn: Connection, *, book_id: BookId) -> Json[One[dt.timedelta]] | None: ...


@wrong("json", "an interval, as text")
@sql(
    """
    SELECT json_build_object('one', coalesce(reading, '1 day'))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def interval_as_text(conn: Connection, *, book_id: BookId) -> Json[One[str]] | None: ...


@wrong("json", "a time without its zone")
@sql(
    """
    SELECT json_build_object('one', coalesce(legacy_at, 'today'))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def without_zone(conn: Connection, *, book_id: BookId) -> Json[One[dt.datetime]] | None: ...


@wrong("json", "a date for a time")
@sql(
    """
    SELECT json_build_object('one', coalesce(issued_on, 'today'))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def date_for_datetime(
    conn: Connection, *, book_id: BookId
) -> Json[One[dt.datetime]] | None: ...


@wrong("json", "a time for a date")
@sql(
    """
    SELECT json_build_object('one', now())
      FROM book
     WHERE id = %(book_id)s
    """
)
async def datetime_for_date(conn: Connection, *, book_id: BookId) -> Json[One[dt.date]] | None: ...


@wrong("json", "bytes")
@sql(
    """
    SELECT json_build_object('one', coalesce(photo, ''))
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def bytes_inside(conn: Connection, *, reader_id: ReaderId) -> Json[One[bytes]] | None: ...


@wrong("json", "a type whose JSON is not known")
@sql(
    """
    SELECT json_build_object('one', search)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def unknown_type(conn: Connection, *, book_id: BookId) -> Json[One[str]] | None: ...


@wrong("json", "NULL in an array")
@sql(
    """
    SELECT json_build_object('one', ARRAY[title, subtitle])
      FROM book
     WHERE id = %(book_id)s
    """
)
async def nulls_in_an_array(
    conn: Connection, *, book_id: BookId
) -> Json[One[list[str]]] | None: ...


@wrong("json", "items of another type")
@sql(
    """
    SELECT json_build_object('one', tags)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def other_items(conn: Connection, *, book_id: BookId) -> Json[One[list[int]]] | None: ...


@wrong("json", "text that is not one of the values")
@sql(
    """
    SELECT json_build_object('one', code)
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def open_text(conn: Connection, *, branch_id: BranchId) -> Json[One[Kind]] | None: ...


@wrong("json", "a value that the enum lacks")
@sql(
    """
    SELECT json_build_object('one', kind)
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def a_value_is_lacking(
    conn: Connection, *, branch_id: BranchId
) -> Json[One[Literal["city", "school"]]] | None: ...


class Rank(StrEnum):
    GUEST = "guest"
    READER = "reader"


@wrong("json", "a label that the enum lacks")
@sql(
    """
    SELECT json_build_object('one', rank)
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def label_is_lacking(conn: Connection, *, reader_id: ReaderId) -> Json[One[Rank]] | None: ...


@wrong("json", "keys that are no text")
@sql(
    """
    SELECT json_build_object('one', json_build_object('1', 1))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def keys_of_another_type(
    conn: Connection, *, book_id: BookId
) -> Json[One[dict[int, int]]] | None: ...


@wrong("json", "a value of another type in a dictionary")
@sql(
    """
    SELECT json_build_object('one', json_build_object('a', title))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def value_of_a_dictionary(
    conn: Connection, *, book_id: BookId
) -> Json[One[dict[str, int]]] | None: ...


@wrong("json", "stored JSON for a text")
@sql(
    """
    SELECT json_build_object('one', opening)
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def stored_as_text(conn: Connection, *, branch_id: BranchId) -> Json[One[str]] | None: ...


@wrong("json", "stored JSON that may be NULL")
@sql(
    """
    SELECT json_build_object('one', extra)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def stored_null(conn: Connection, *, book_id: BookId) -> Json[One[dict[str, Any]]] | None: ...


@wrong("json", "what is taken out of stored JSON")
@sql(
    """
    SELECT json_build_object('one', opening -> 'monday')
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def out_of_stored(
    conn: Connection, *, branch_id: BranchId
) -> Json[One[dict[str, Any]]] | None: ...


@wrong("json", "two objects joined")
@sql(
    """
    SELECT json_build_object('one', opening || '{}')
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def joined_objects(
    conn: Connection, *, branch_id: BranchId
) -> Json[One[dict[str, Any]]] | None: ...


@wrong("json", "a text that is read as JSON")
@sql(
    """
    SELECT json_build_object('one', title::json)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def cast_from_text(
    conn: Connection, *, book_id: BookId
) -> Json[One[dict[str, Any]]] | None: ...


@wrong("json", "a tuple")
@sql(
    """
    SELECT json_build_object('one', json_build_array(1, 2))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def tuple_of_two(
    conn: Connection, *, book_id: BookId
) -> Json[One[tuple[int, int]]] | None: ...


@wrong("json", "no part of a union")
@sql(
    """
    SELECT json_build_object('one', title)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def no_part_of_a_union(
    conn: Connection, *, book_id: BookId
) -> Json[One[int | bool]] | None: ...


@wrong("json", "a generic class of nothing")
@sql(
    """
    SELECT json_build_object('one', title)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def unknown_variable(conn: Connection, *, book_id: BookId) -> Json[One[T]] | None: ...


@wrong("json", "a row of an outer join")
@sql(
    """
    SELECT json_build_object('one', sponsor)
      FROM reader
      LEFT JOIN (SELECT id, name FROM reader) AS sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.id = %(reader_id)s
    """
)
async def null_row(conn: Connection, *, reader_id: ReaderId) -> Json[One[Person]] | None: ...


@wrong("json", "a null item")
@sql(
    """
    SELECT coalesce(json_agg(row_to_json(sponsor) ORDER BY reader.id), '[]')
      FROM reader
      LEFT JOIN (SELECT id, name FROM reader) AS sponsor ON sponsor.id = reader.sponsor_id
     WHERE reader.branch_id = %(branch_id)s
    """
)
async def null_item(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("json", "another shape in ELSE")
@sql(
    """
    SELECT CASE WHEN closed_at IS NULL
                THEN json_build_object('id', id, 'name', name)
                ELSE json_build_object('id', id)
           END
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def other_branch_of_a_case(
    conn: Connection, *, branch_id: BranchId
) -> Json[Person] | None: ...


@wrong("json", "another shape in the second part")
@sql(
    """
    SELECT json_build_object('id', id, 'name', name)
      FROM reader
     WHERE id = %(reader_id)s
     UNION ALL
    SELECT json_build_object('id', id, 'nam', name)
      FROM reader
     WHERE id = %(reader_id)s
    """
)
def other_part_of_a_union(
    conn: Connection, *, reader_id: ReaderId
) -> AsyncIterator[Json[Person]]: ...


@wrong("json", "a wrong key at the bottom of it")
@sql(
    """
    WITH listed AS (
        SELECT id, json_build_object('id', id, 'label', name) AS body
          FROM reader
         WHERE branch_id = %(branch_id)s
    )
    SELECT json_build_object('people', coalesce(json_agg(listed.body ORDER BY listed.id), '[]'))
      FROM listed
    """
)
async def through_a_cte(conn: Connection, *, branch_id: BranchId) -> Json[People]: ...


@wrong("json", "null that the same statement has just written")
@sql(
    """
    WITH changed AS (
        UPDATE reader
           SET nickname = NULL
         WHERE id = %(reader_id)s
           AND nickname IS NOT NULL
        RETURNING id, nickname AS name
    )
    SELECT row_to_json(changed)
      FROM changed
    """
)
async def null_just_written(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "JSON that a recursive query carries")
@sql(
    """
    WITH RECURSIVE above AS (
        SELECT id, sponsor_id, json_build_object('id', id, 'name', name) AS body
          FROM reader
         WHERE id = %(reader_id)s
         UNION ALL
        SELECT reader.id, reader.sponsor_id, above.body
          FROM above
          JOIN reader ON reader.id = above.sponsor_id
    )
    SELECT coalesce(json_agg(above.body ORDER BY above.id), '[]')
      FROM above
    """
)
async def recursive(conn: Connection, *, reader_id: ReaderId) -> Json[list[Person]]: ...


@wrong("json", "a key that may be left out")
@sql(
    """
    SELECT json_object('id': id, 'name': nickname ABSENT ON NULL)
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def left_out(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "a key that the row knows")
@sql(
    """
    SELECT json_build_object('id', id, name, name)
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def no_literal_key(conn: Connection, *, reader_id: ReaderId) -> Json[Person] | None: ...


@wrong("json", "keys that the rows know")
@sql(
    """
    SELECT coalesce(json_object_agg(code, name), '{}')
      FROM branch
    """
)
async def keys_of_rows(conn: Connection) -> Json[Person]: ...


@wrong("json", "a parameter")
@sql(
    """
    SELECT %(given)s::jsonb
    """
)
async def parameter(conn: Connection, *, given: dict[str, Any]) -> Json[Person]: ...


@dataclass(slots=True)
class Inside:
    id: ReaderId
    people: list[Json[Person]]


@wrong("json", "Json inside of a list")
@sql(
    """
    SELECT ARRAY[json_build_object('id', id, 'name', name)] AS people, id
      FROM reader
     WHERE id = %(reader_id)s
    """
)
async def built_inside(conn: Connection, *, reader_id: ReaderId) -> Inside | None: ...


@dataclass(slots=True)
class Mixed:
    id: BranchId
    opening: dict[str, Any]
    body: Json[Person]


@wrong("json", "Json beside JSON that is read")
@sql(
    """
    SELECT id, opening, json_build_object('id', id, 'name', name) AS body
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def both_kinds(conn: Connection, *, branch_id: BranchId) -> Mixed | None: ...


@dataclass(slots=True)
class Beside:
    states: list[State]
    body: Json[Person]


@wrong("json", "Json beside a list that is read")
@sql(
    """
    SELECT ARRAY[state] AS states, json_build_object('id', book_id, 'name', shelf) AS body
      FROM copy
     WHERE id = %(copy_id)s
       AND shelf IS NOT NULL
    """
)
async def enums_beside(conn: Connection, *, copy_id: CopyId) -> Beside | None: ...


@wrong("type", "a text for Json")
@sql(
    """
    SELECT json_build_object('id', id, 'name', name)::text
      FROM branch
     WHERE id = %(branch_id)s
    """
)
async def no_json(conn: Connection, *, branch_id: BranchId) -> Json[Person] | None: ...


class Loud(BaseModel):
    name: Annotated[str, PlainSerializer(str.upper, return_type=str)]


@wrong("json", "a field that pydantic writes in another way")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def serializer_of_a_field(conn: Connection, *, reader_id: ReaderId) -> Json[Loud] | None: ...


class Whole(BaseModel):
    name: str

    @model_serializer
    def alone(self) -> dict[str, str]:
        """Write it."""
        return {"name": self.name}


@wrong("json", "a model that writes itself")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def serializer_of_a_model(conn: Connection, *, reader_id: ReaderId) -> Json[Whole] | None: ...


class Quiet(BaseModel):
    name: str

    @field_serializer("name")
    def lowered(self, name: str) -> str:
        """Write it small."""
        return name.lower()


@wrong("json", "a method that writes a field")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def serializer_of_one_field(
    conn: Connection, *, reader_id: ReaderId
) -> Json[Quiet] | None: ...


class Longer(BaseModel):
    name: str

    @computed_field
    def length(self) -> int:
        """Its length."""
        return len(self.name)


@wrong("json", "a key that pydantic computes")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def computed(conn: Connection, *, reader_id: ReaderId) -> Json[Longer] | None: ...


class Rooted(RootModel[str]):
    """A name alone."""


@wrong("json", "a model that is its only field")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name AS root
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def root(conn: Connection, *, reader_id: ReaderId) -> Json[Rooted] | None: ...


@dataclass(slots=True)
class Defaulted:
    name: str
    nickname: str | None = None


@wrong("json", "a key that is always written")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def default_left_out(conn: Connection, *, reader_id: ReaderId) -> Json[Defaulted] | None: ...


@wrong("json", "an array of arrays")
@sql(
    """
    SELECT json_build_object('one', ARRAY[[1, 2], [3, 4]])
      FROM book
     WHERE id = %(book_id)s
    """
)
async def dimensions(conn: Connection, *, book_id: BookId) -> Json[One[list[int]]] | None: ...


@wrong("json", "NULL in one part of a union of arrays")
@sql(
    """
    SELECT json_build_object('one', x.a)
      FROM (SELECT ARRAY['a'] AS a
             UNION ALL
            SELECT ARRAY['b', NULL]) AS x
    """
)
def nulls_of_a_part(conn: Connection) -> AsyncIterator[Json[One[list[str]]]]: ...


@wrong("json", "NULL in an array from a sub-query")
@sql(
    """
    SELECT json_build_object('one', coalesce((SELECT array_agg(nickname ORDER BY id)
                                 FROM reader), '{}'))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def nulls_of_a_query(conn: Connection, *, book_id: BookId) -> Json[One[list[str]]] | None: ...


@wrong("json", "a number for a name")
@sql(
    """
    SELECT json_build_object('one', pages)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def bytes_of_an_enum(
    conn: Connection, *, book_id: BookId
) -> Json[One[Literal["a"] | None]] | None: ...


@wrong("json", "null in a dictionary")
@sql(
    """
    SELECT json_build_object('one', json_build_object('a', subtitle))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def nullable_value_of_a_dictionary(
    conn: Connection, *, book_id: BookId
) -> Json[One[dict[str, str]]] | None: ...


@wrong("json", "null among the values that the rows name")
@sql(
    """
    SELECT json_build_object('one', (SELECT coalesce(json_object_agg(code, closed_at), '{}')
                        FROM branch))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def aggregated_pairs(
    conn: Connection, *, book_id: BookId
) -> Json[One[dict[str, dt.datetime]]] | None: ...


@wrong("json", "items of another type that are never null")
@sql(
    """
    SELECT json_build_object('one', (SELECT coalesce(json_arrayagg(closed_at ORDER BY id), '[]')
                        FROM branch))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def strict_aggregate(conn: Connection, *, book_id: BookId) -> Json[One[list[int]]] | None: ...


@wrong("json", "what a window collects")
@sql(
    """
    SELECT json_build_object('one', json_agg(title) OVER (ORDER BY id))
      FROM book
     WHERE id = %(book_id)s
    """
)
async def window(conn: Connection, *, book_id: BookId) -> Json[One[list[str]]] | None: ...


@wrong("json", "a function of our own")
@sql(
    """
    SELECT json_build_object('one', initials(title)::json)
      FROM book
     WHERE id = %(book_id)s
    """
)
async def unknown_function(
    conn: Connection, *, book_id: BookId
) -> Json[One[list[str] | None]] | None: ...


class Ticking(BaseModel):
    model_config = ConfigDict(ser_json_temporal="seconds")

    created_at: dt.datetime


@wrong("json", "a class that writes times as numbers")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT created_at
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def other_setting(conn: Connection, *, reader_id: ReaderId) -> Json[Ticking] | None: ...


class Upper:
    """Writes in capitals."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Leave it to pydantic."""
        return handler(source)


@dataclass(slots=True)
class Foreign:
    name: Annotated[str, Upper()]


@wrong("json", "an annotation with a schema of its own")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def other_metadata(conn: Connection, *, reader_id: ReaderId) -> Json[Foreign] | None: ...


class Hidden(BaseModel):
    id: UUID
    name: Annotated[str, Field(exclude=True)]


@wrong("json", "a key that pydantic leaves out")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def left_out_of_the_answer(
    conn: Connection, *, reader_id: ReaderId
) -> Json[Hidden] | None: ...


@dataclass(slots=True)
class Renamed:
    name: Annotated[str, Field(serialization_alias="called")]


@wrong("json", "a key under its name, not its alias")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT name
              FROM reader
             WHERE id = %(reader_id)s) AS shown
    """
)
async def under_its_name(conn: Connection, *, reader_id: ReaderId) -> Json[Renamed] | None: ...


@wrong("json", "a row of a function")
@sql(
    """
    SELECT row_to_json(shown)
      FROM jsonb_to_record('{}') AS shown (id uuid, name text)
    """
)
async def row_of_a_function(conn: Connection) -> Json[Person]: ...


@wrong("order", "a list in no order")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def rows_without_order(conn: Connection, *, branch_id: BranchId) -> list[Json[Person]]: ...


@wrong("order", "rows that can tie")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
     ORDER BY shown.name
    """
)
async def rows_that_tie(conn: Connection, *, branch_id: BranchId) -> list[Json[Person]]: ...


@wrong("order", "an array in no order")
@sql(
    """
    SELECT coalesce(json_agg(shown), '[]')
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def items_without_order(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("order", "items that can tie")
@sql(
    """
    SELECT coalesce(json_agg(json_build_object('id', id, 'name', name) ORDER BY name), '[]')
      FROM reader
     WHERE branch_id = %(branch_id)s
    """
)
async def items_that_tie(conn: Connection, *, branch_id: BranchId) -> Json[list[Person]]: ...


@wrong("order", "items that can tie, two levels below")
@sql(
    """
    SELECT json_build_object(
               'people', coalesce(json_agg(listed.body ORDER BY listed.place), '[]'))
      FROM (SELECT row_to_json(shown) AS body, row_number() OVER (ORDER BY shown.name) AS place
              FROM (SELECT id, name
                      FROM reader
                     WHERE branch_id = %(branch_id)s) AS shown) AS listed
    """
)
async def items_that_tie_below(conn: Connection, *, branch_id: BranchId) -> Json[People]: ...


@wrong("rows", "more rows than one")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, name
              FROM reader
             WHERE branch_id = %(branch_id)s) AS shown
    """
)
async def more_than_one(conn: Connection, *, branch_id: BranchId) -> Json[Person] | None: ...


@dataclass(slots=True)
class Rooms:
    id: VisitId
    rooms: list[str]


@wrong("tenant", "a tenant that is not pinned below")
@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT visit.id,
                   coalesce((SELECT json_agg(child.room ORDER BY child.place)
                               FROM (SELECT visit_stop.place, visit_stop.room
                                       FROM visit_stop
                                      WHERE visit_stop.visit_id = visit.id) AS child),
                            '[]') AS rooms
              FROM visit
             WHERE visit.branch_id = %(branch_id)s
               AND visit.id = %(visit_id)s) AS shown
    """
)
async def tenant_below(
    conn: Connection, *, branch_id: BranchId, visit_id: VisitId
) -> Json[Rooms] | None: ...


@dataclass(slots=True)
class Extra:
    id: BookId
    body: Json[dict[str, Any]]


@wrong("null", "Json that may be NULL")
@sql(
    """
    SELECT id, extra AS body
      FROM book
     WHERE id = %(book_id)s
    """
)
async def as_rows(conn: Connection, *, book_id: BookId) -> Extra | None: ...
