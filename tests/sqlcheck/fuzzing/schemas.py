"""Is it noticed when the schema changes under the right statements?"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from sqlcheck.catalog import Catalog, Key
from sqlcheck.check import examine
from sqlcheck.embedded import server
from sqlcheck.session import open_session
from tests.sqlcheck.fuzzing.clones import RIGHT

SCHEMA = Path(__file__).parents[1] / "library.sql"
_OTHER_TYPE = {
    "text": "bytea",
    "uuid": "text",
    "bigint": "text",
    "integer": "numeric",
    "smallint": "text",
    "timestamptz": "timestamp",
    "date": "timestamptz",
    "jsonb": "text",
    "boolean": "text",
    "bytea": "text",
    "numeric": "double precision",
    "interval": "text",
    "text[]": "jsonb",
    "inet": "text",
    "double precision": "numeric",
    "tstzrange": "text",
    "char": "integer",
}
_FIXED = (
    ("enum label added", "ALTER TYPE copy_state ADD VALUE 'reserved'"),
    ("enum label added", "ALTER TYPE reader_rank ADD VALUE 'robot'"),
    ("constraint dropped", "ALTER TABLE branch DROP CONSTRAINT branch_kind_check"),
    ("constraint dropped", "ALTER TABLE branch DROP CONSTRAINT branch_code_key"),
    ("constraint dropped", "ALTER TABLE book DROP CONSTRAINT book_isbn_key"),
    ("constraint dropped", "ALTER TABLE token DROP CONSTRAINT token_digest_key"),
    ("constraint dropped", "ALTER TABLE visit_stop DROP CONSTRAINT visit_stop_pkey"),
    ("constraint dropped", "ALTER TABLE booking DROP CONSTRAINT booking_overlap"),
    ("constraint dropped", "DROP INDEX reader_email"),
    ("constraint dropped", "DROP INDEX loan_open"),
    ("constraint added", "ALTER TABLE author ADD UNIQUE (name)"),
    ("constraint added", "ALTER TABLE branch ADD CHECK (name <> '')"),
    ("constraint added", "ALTER TABLE event ADD CHECK (kind <> '')"),
)


@dataclass
class Tally:
    made: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


def changes(catalog: Catalog, read: set[Key], written: set[Key]) -> Iterator[tuple[str, str]]:
    """Every change of a column that some statement uses, and some of constraints."""
    yield from _FIXED
    yield from column_changes(catalog, read, written)


def column_changes(
    catalog: Catalog, read: set[Key], written: set[Key]
) -> Iterator[tuple[str, str]]:
    """Every change of a column that some statement uses."""
    for key, column in catalog.columns.items():
        if key[0] not in catalog.tables or key not in read | written:
            continue
        table = f"ALTER TABLE {column.table}"
        yield "column renamed", f"{table} RENAME {column.name} TO {column.name}_"
        yield "column dropped", f"{table} DROP {column.name} CASCADE"
        if column.not_null:
            yield "NOT NULL dropped", f"{table} ALTER {column.name} DROP NOT NULL"
        elif key in written:
            yield "NOT NULL added", f"{table} ALTER {column.name} SET NOT NULL"
        other = _OTHER_TYPE.get(catalog.spell(column.type))
        if other and column.generated is None:
            change = f"ALTER {column.name} TYPE {other} USING NULL::{other}"
            yield "type changed", f"{table} ALTER {column.name} DROP DEFAULT, {change}"


def run(url: str, step: int = 1) -> Tally:
    """Apply every `step`th change to a fresh schema, and check all right statements on it."""
    tally = Tally()
    with psycopg.connect(url, autocommit=True) as conn:
        _reset(conn)
        for kind, change in list(islice(_changes(url), 0, None, step)):
            _reset(conn)
            try:
                conn.execute(change.encode())
            except psycopg.Error:
                continue
            tally.made[kind] += 1
            if _is_noticed(url):
                tally.found[kind] += 1
            else:
                tally.missed.append(change)
    return tally


def _changes(url: str) -> Iterator[tuple[str, str]]:
    with open_session(url) as session:
        examined = [examine(each, session) for each in RIGHT]
        read = {key for each in examined for key in each.notes.read}
        written = {key for each in examined for key in each.notes.written}
        yield from list(changes(session.catalog, read, written))


def _reset(conn: psycopg.Connection[TupleRow]) -> None:
    conn.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    conn.execute(SCHEMA.read_bytes())


def _is_noticed(url: str) -> bool:
    with open_session(url) as session:
        return any(
            finding.code != "scan"
            for statement in RIGHT
            for finding in examine(statement, session).findings
        )


def main(step: int) -> int:
    """Print what was noticed."""
    with server() as url:
        tally = run(url, step)
    for kind, made in tally.made.items():
        sys.stdout.write(f"{kind}: {tally.found[kind]} of {made}\n")
    for change in tally.missed:
        sys.stdout.write(f"missed: {change}\n")
    sys.stdout.write(f"{tally.found.total()} of {tally.made.total()} noticed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
