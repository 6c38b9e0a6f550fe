"""Is JSON that is said to have the shape of a type what the type says, and is a change noticed?

A type is made at random together with SQL that builds it. What is accepted is run, and pydantic
must read it and write it again in the same form. Then the type or the SQL is changed in one place.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, make_dataclass
from datetime import date, datetime
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal, cast
from uuid import UUID

import psycopg
from pydantic import TypeAdapter, ValidationError, create_model
from typing_extensions import TypedDict

from sqlcheck.check import examine
from sqlcheck.embedded import server
from sqlcheck.hints import Hint
from sqlcheck.session import Session, open_session
from tests.sqlcheck.declare import Connection, Json, Statement

SCHEMA = Path(__file__).parents[1] / "library.sql"
ROWS = Path(__file__).with_name("built.sql")

_TYPED_DICT = cast("Any", TypedDict)
_BUILT = cast("Any", Json)
_STATES = Literal["shelved", "lent", "lost", "withdrawn"]
_RANKS = Literal["guest", "reader", "librarian", "director"]
_KINDS = Literal["city", "school", "mobile"]
_COLUMNS: dict[str, dict[str, tuple[Hint, bool]]] = {
    "reader": {
        "id": (UUID, False),
        "name": (str, False),
        "nickname": (str, True),
        "rank": (_RANKS, False),
        "born_on": (date, True),
        "sponsor_id": (UUID, True),
        "last_visit": (datetime, True),
        "created_at": (datetime, False),
    },
    "book": {
        "id": (UUID, False),
        "title": (str, False),
        "subtitle": (str, True),
        "tags": (list[str], False),
        "price": (float, True),
        "pages": (int, True),
        "weight": (float, False),
        "is_adult": (bool, False),
        "extra": (dict[str, Any], True),
    },
    "branch": {
        "id": (UUID, False),
        "code": (str, False),
        "kind": (_KINDS, False),
        "opening": (dict[str, Any], False),
        "closed_at": (datetime, True),
    },
    "copy": {
        "id": (int, False),
        "state": (_STATES, False),
        "grade": (int, False),
        "shelf": (str, True),
        "acquired_on": (date, False),
    },
}
_OTHERS: tuple[Hint, ...] = (int, bool, UUID, date, datetime, bytes, Literal["none"])
_AS_TEXT = (UUID, date, datetime)


@dataclass
class Leaf:
    """A column, and the type that is declared for it."""

    hint: Hint
    is_null: bool
    sql: str


@dataclass
class Thing:
    """An object with these members, built in one of several ways from a row."""

    members: dict[str, "Part"]
    kind: int
    builder: int
    name: str
    is_null: bool = False


@dataclass
class Many:
    """An array of what is built from each row of a table."""

    item: "Part"
    table: str
    alias: str
    builder: int
    is_null: bool = False


Part = Leaf | Thing | Many


@dataclass
class Tally:
    made: int = 0
    refused: list[str] = field(default_factory=list)
    """Right ones that were not accepted,"""
    untrue: list[str] = field(default_factory=list)
    """accepted ones that built something else,"""
    changed: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    """and changes that nobody noticed."""


class Maker:
    """Makes parts at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  (no secrets)
        self.count = 0

    def many(self, depth: int) -> Many:
        self.count += 1
        alias = f"t{self.count}"
        table = self.random.choice(list(_COLUMNS))
        is_plain = self.random.random() < 0.2
        item = self.leaf(table, alias) if is_plain else self.thing(table, alias, depth)
        return Many(item, table, alias, self.random.randrange(4))

    def leaf(self, table: str, alias: str) -> Leaf:
        name = self.random.choice(list(_COLUMNS[table]))
        hint, is_null = _COLUMNS[table][name]
        return Leaf(hint, is_null, f"{alias}.{name}")

    def thing(self, table: str, alias: str, depth: int) -> Thing:
        self.count += 1
        members: dict[str, Part] = {}
        name = f"Thing{self.count}"
        for number in range(self.random.randint(1, 5)):
            choice = self.random.random()
            part: Part = self.leaf(table, alias)
            if depth and choice < 0.25:
                part = self.many(depth - 1)
            elif depth and choice < 0.45:
                part = self.thing(table, alias, depth - 1)
                part.is_null = self.random.random() < 0.5
            members[f"m{number}"] = part
        return Thing(members, self.random.randrange(3), self.random.randrange(5), name)


# ---- what a part is ----


def hint_of(part: Part) -> Hint:
    """The type of a part."""
    if isinstance(part, Leaf):
        hint = part.hint
    else:
        hint = _class(part) if isinstance(part, Thing) else _list(hint_of(part.item))
    return hint | None if part.is_null else hint


def _list(item: Hint) -> Hint:
    return GenericAlias(list, (item,))


def _class(part: Thing) -> Hint:
    fields = {name: hint_of(member) for name, member in part.members.items()}
    if part.kind == 0:
        return make_dataclass(part.name, list(fields.items()))
    if part.kind == 1:
        definitions: dict[str, Hint] = {name: (each, ...) for name, each in fields.items()}
        return create_model(part.name, **definitions)
    return _TYPED_DICT(part.name, fields)


def sql_of(part: Part) -> str:
    """The expression that builds a part."""
    if isinstance(part, Leaf):
        return part.sql
    return _array(part) if isinstance(part, Many) else _object(part)


def _object(part: Thing) -> str:
    pairs = [(name, sql_of(member)) for name, member in part.members.items()]
    columns = ", ".join(f"{value} AS {name}" for name, value in pairs)
    arguments = ", ".join(f"'{name}', {value}" for name, value in pairs)
    names = ", ".join(f"y.{name}" for name, _ in pairs)
    inner = f"SELECT {names} FROM (SELECT {columns}) AS y LIMIT 1"
    members = ", ".join(f"'{name}': {value}" for name, value in pairs)
    made = (
        f"json_build_object({arguments})",
        f"jsonb_build_object({arguments})",
        f"(SELECT row_to_json(x) FROM (SELECT {columns}) AS x)",
        f"(SELECT to_jsonb(z) FROM ({inner}) AS z)",
        f"json_object({members})",
    )
    builder = part.builder if part.builder != 3 or part.is_null else 0
    if part.is_null and builder != 3:
        return f"CASE WHEN random() < 0.5 THEN {made[builder]} END"
    return made[builder]


def _array(part: Many) -> str:
    item, rows = sql_of(part.item), f"{part.table} AS {part.alias}"
    key = f"{part.alias}.id"
    if part.is_null:  # as if coalesce had been forgotten
        return f"(SELECT json_agg({item} ORDER BY {key}) FROM {rows})"
    named = f"SELECT {item} AS body, {key} FROM {rows}"
    collected = "coalesce(json_agg(b.body ORDER BY b.id), '[]')"
    return (
        f"(SELECT coalesce(json_agg({item} ORDER BY {key}), '[]') FROM {rows})",
        f"coalesce((SELECT jsonb_agg({item} ORDER BY {key}) FROM {rows}), '[]')",
        f"(SELECT {collected} FROM ({named}) AS b)",
        f"(WITH b AS ({named}) SELECT {collected}::jsonb FROM b)",
    )[part.builder]


# ---- changes ----

Change = Callable[[Maker, Part], bool]


def _all(part: Part) -> Iterator[Part]:
    yield part
    if isinstance(part, Thing):
        for member in part.members.values():
            yield from _all(member)
    elif isinstance(part, Many):
        yield from _all(part.item)


def _drop(_: Maker, part: Part) -> bool:
    if isinstance(part, Thing) and len(part.members) > 1:
        part.members.popitem()
        return True
    return False


def _rename(_: Maker, part: Part) -> bool:
    if isinstance(part, Thing):
        last = part.members.popitem()[1]
        part.members["renamed"] = last
        return True
    return False


def _add(_: Maker, part: Part) -> bool:
    if isinstance(part, Thing):
        part.members["added"] = Leaf(int, is_null=False, sql="1")
        return True
    return False


def _retype(maker: Maker, part: Part) -> bool:
    if isinstance(part, Leaf):
        others = [each for each in _OTHERS if each != part.hint]
        if part.hint not in _AS_TEXT:
            others += [] if part.hint is str or str(part.hint)[:14] == "typing.Literal" else [str]
        part.hint = maker.random.choice(others)
        return True
    return False


def _never_null(_: Maker, part: Part) -> bool:
    if part.is_null:
        part.is_null = False
        return True
    return False


def _one_for_many(_: Maker, part: Part) -> bool:
    if isinstance(part, Thing) and isinstance(next(iter(part.members.values())), Many):
        name, many = next(iter(part.members.items()))
        assert isinstance(many, Many)
        part.members[name] = many.item
        return True
    return False


def _nullable(_: Maker, part: Part) -> bool:
    if isinstance(part, Leaf):
        part.sql = f"nullif({part.sql}, {part.sql})"
    is_changed = not part.is_null
    part.is_null = True
    return is_changed


_OF_TYPES: dict[str, Change] = {
    "key dropped from the type": _drop,
    "key added to the type": _add,
    "key renamed in the type": _rename,
    "another type": _retype,
    "never None": _never_null,
    "one for many": _one_for_many,
}
_OF_SQL: dict[str, Change] = {
    "key dropped from the SQL": _drop,
    "key added to the SQL": _add,
    "key renamed in the SQL": _rename,
    "may be NULL": _nullable,
}


def _changed(maker: Maker, part: Many, change: Change) -> Many | None:
    """A copy that differs in one place, where there is one that the change fits."""
    copy = deepcopy(part)
    places = list(_all(copy))[1:]
    maker.random.shuffle(places)
    return copy if any(change(maker, place) for place in places) else None


# ---- the run ----


def _statement(part: Many, declared: Many) -> Statement:
    text = f"SELECT {sql_of(part.item)} AS body FROM {part.table} AS {part.alias}"
    hint = hint_of(declared.item)
    if part.item.is_null or declared.item.is_null or isinstance(part.item, Leaf):
        text, hint = f"SELECT {sql_of(part)} AS body", hint_of(declared)

    async def made(conn: Connection) -> None: ...

    made.__code__ = made.__code__.replace(co_filename="made")
    made.__annotations__ = {"conn": Connection, "return": _list(_BUILT[hint])}
    return Statement(text, made)


def _complaints(session: Session, statement: Statement) -> list[str]:
    found = examine(statement, session).findings
    return [str(each) for each in found if each.code != "scan"]


def _is_alike(one: object, other: object) -> bool:
    """Whether two JSON values have the same keys and kinds of values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_alike, one, other))
    numbers = [type(each) in (int, float) for each in (one, other)]
    return all(numbers) or type(one) is type(other)


def _untruth(conn: psycopg.Connection[Any], statement: Statement) -> str:
    """How what is built differs from what its type writes."""
    (hint,) = statement.stub.__annotations__["return"].__args__[0].__args__
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    for (body,) in conn.execute(f"SELECT (body)::text FROM ({statement.text}) AS q".encode()):
        try:
            again = adapter.dump_json(adapter.validate_json(body))
        except ValidationError as error:
            return f"{body}: {error}"
        if not _is_alike(json.loads(body), json.loads(again)):
            return f"{body} is not {again.decode()}"
    return ""


def run(url: str, seed: int, count: int) -> Tally:
    """Make, check, run and change `count` types on an empty database."""
    maker, tally = Maker(seed), Tally()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SCHEMA.read_bytes())
        conn.execute(ROWS.read_bytes())
        with open_session(url) as session:
            while tally.made < count:
                _try(maker, tally, session, conn)
    return tally


def _try(maker: Maker, tally: Tally, session: Session, conn: psycopg.Connection[Any]) -> None:
    part = maker.many(2)
    tally.made += 1
    statement = _statement(part, part)
    if refused := _complaints(session, statement):
        tally.refused.append(f"{statement.text}\n{refused}")
        return
    if untrue := _untruth(conn, statement):
        tally.untrue.append(f"{statement.text}\n{untrue}")
    for what, change in [*_OF_TYPES.items(), *_OF_SQL.items()]:
        other = _changed(maker, part, change)
        if other is None:
            continue
        pair = (part, other) if what in _OF_TYPES else (other, part)
        tally.changed[what] += 1
        wrong = _statement(*pair)
        if not _complaints(session, wrong):
            tally.missed.append(f"{what}: {wrong.text}\n{hint_of(pair[1])}")


def main(seed: int, count: int) -> int:
    """Print what was found; the exit status."""
    with server() as url:
        tally = run(url, seed, count)
    told = {"REFUSED": tally.refused, "UNTRUE": tally.untrue, "MISSED": tally.missed}
    for word, texts in told.items():
        for text in texts[:5]:
            sys.stdout.write(f"{word} {text}\n")
    for what, number in tally.changed.items():
        sys.stdout.write(f"{what}: {number}\n")
    wrong = [len(texts) for texts in told.values()]
    sys.stdout.write(
        f"{tally.made} types: {wrong[0]} refused, {wrong[1]} untrue;"
        f" {wrong[2]} of {tally.changed.total()} changes missed\n"
    )
    return min(1, sum(wrong))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000))
