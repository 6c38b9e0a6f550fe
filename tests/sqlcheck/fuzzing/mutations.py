"""Is it noticed when one annotation of a right statement is changed?"""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import GenericAlias, NoneType
from uuid import UUID

import psycopg

from sqlcheck.check import everything, examine
from sqlcheck.declared import declared
from sqlcheck.embedded import server
from sqlcheck.hints import Hint, core, is_optional, spell, strip_none
from sqlcheck.session import Session, open_session
from tests.sqlcheck.declare import Statement
from tests.sqlcheck.fuzzing.clones import RIGHT, clone, rebuilt

_TYPES: tuple[Hint, ...] = (
    str,
    int,
    float,
    bool,
    bytes,
    UUID,
    Decimal,
    date,
    datetime,
    time,
    timedelta,
    list[str],
    list[int],
    list[UUID],
    dict[str, object],
)
SCHEMA = Path(__file__).parents[1] / "library.sql"


@dataclass(frozen=True)
class Mutation:
    kind: str
    statement: Statement
    changes: dict[str, Hint]
    what: str
    is_lint: bool = False


@dataclass
class Tally:
    made: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[Mutation] = field(default_factory=list)


def mutations() -> Iterator[Mutation]:
    """Every change of one annotation."""
    for statement in RIGHT:
        yield from _of_parameters(statement)
        yield from _of_results(statement)


def _of_parameters(statement: Statement) -> Iterator[Mutation]:
    for name, hint in declared(statement).parameters.items():
        if statement.guards.get(name):
            continue  # its values are the guard's
        for other in _TYPES:
            if core(hint) != other:
                new = other | None if is_optional(hint) else other
                what = f"{name}: {spell(hint)} -> {spell(other)}"
                yield Mutation("parameter", statement, {name: new}, what)


def _of_results(statement: Statement) -> Iterator[Mutation]:
    stub = declared(statement)
    if stub.row is NoneType or (stub.row is int and "RETURNING" not in statement.text):
        return
    if stub.fields is None:
        for other in _TYPES:
            if core(stub.row) != other:
                what = f"{spell(stub.row)} -> {spell(other)}"
                yield Mutation("result", statement, {"return": _returning(statement, other)}, what)
    else:
        yield from _of_fields(statement, stub.row, dict(stub.fields))
    if stub.is_many and not stub.is_stream and "LIMIT 1" not in statement.text:
        yield Mutation("list to one", statement, {"return": stub.row}, "")
    yield Mutation("rows to None", statement, {"return": None}, "")


def _returning(statement: Statement, row: Hint) -> Hint:
    stub = declared(statement)
    one: Hint = row | None if stub.may_miss else row
    if not stub.is_many:
        return one
    return GenericAlias(AsyncIterator if stub.is_stream else list, (one,))


def _of_fields(statement: Statement, row: type, fields: dict[str, Hint]) -> Iterator[Mutation]:
    def changed(kind: str, new: dict[str, Hint], what: str, *, is_lint: bool = False) -> Mutation:
        returns = {"return": _returning(statement, rebuilt(row, new))}
        return Mutation(kind, statement, returns, what, is_lint)

    for name, hint in fields.items():
        for other in _TYPES:
            if core(hint) != other:
                new = other | None if is_optional(hint) else other
                what = f"{name}: {spell(hint)} -> {spell(other)}"
                yield changed("field", {**fields, name: new}, what)
        if is_optional(hint):
            yield changed("field never None", {**fields, name: strip_none(hint)[0]}, name)
        else:
            yield changed("field or None", {**fields, name: hint | None}, name, is_lint=True)
        renamed = {f"{key}_" if key == name else key: each for key, each in fields.items()}
        yield changed("field renamed", renamed, name)
        fewer = {key: each for key, each in fields.items() if key != name}
        if fewer:
            yield changed("field dropped", fewer, name)
    yield changed("field added", {**fields, "extra": int}, "extra")


def run(session: Session, step: int = 1) -> Tally:
    """Check every `step`th mutation."""
    tally = Tally()
    for mutation in islice(mutations(), 0, None, step):
        examined = examine(clone(mutation.statement, mutation.changes), session)
        found = everything([examined], session) if mutation.is_lint else examined.findings
        tally.made[mutation.kind] += 1
        if any(each.code != "scan" for each in found):
            tally.found[mutation.kind] += 1
        else:
            tally.missed.append(mutation)
    return tally


def main(step: int) -> int:
    """Print what was noticed."""
    with server() as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(SCHEMA.read_bytes())
        with open_session(url) as session:
            tally = run(session, step)
    for kind, made in tally.made.items():
        sys.stdout.write(f"{kind}: {tally.found[kind]} of {made}\n")
    for mutation in tally.missed:
        sys.stdout.write(f"missed: {mutation.statement.name}: {mutation.kind} {mutation.what}\n")
    sys.stdout.write(f"{tally.found.total()} of {tally.made.total()} noticed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
