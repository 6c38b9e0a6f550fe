"""Is it noticed when the schema changes under the service's own statements?

`python -m tests.contracts.mutated_schema [STEP]` applies every STEPth change of a column that some
statement uses to a copy of the migrated database, and checks all statements there.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from sqlcheck.check import examine
from sqlcheck.config import import_modules, read_config, registered
from sqlcheck.embedded import migrate, server
from sqlcheck.session import Options, open_session
from sqlcheck.statement import StatementLike
from tests.sqlcheck.fuzzing.schemas import Tally, column_changes

_COPY = "mutated"
_NOT_THE_CHANGE = {"scan", "order"}
"""What a copy without data or keys may be told of, whatever was changed."""


def run(url: str, statements: list[StatementLike], options: Options, step: int) -> Tally:
    """Apply the changes one by one, each to a fresh copy of the database at `url`."""
    tally = Tally()
    changes = list(_changes(url, statements, options))
    for kind, change in islice(changes, 0, None, step):
        copy = _fresh_copy(url)
        with psycopg.connect(copy, autocommit=True) as conn:
            try:
                conn.execute(change.encode())
            except psycopg.Error:
                continue
        tally.made[kind] += 1
        if _is_noticed(copy, statements, options):
            tally.found[kind] += 1
        else:
            tally.missed.append(change)
    return tally


def _changes(
    url: str, statements: list[StatementLike], options: Options
) -> Iterator[tuple[str, str]]:
    with open_session(url, options) as session:
        examined = [examine(each, session) for each in statements]
        read = {key for each in examined for key in each.notes.read}
        written = {key for each in examined for key in each.notes.written}
        yield from list(column_changes(session.catalog, read, written))


def _is_noticed(url: str, statements: list[StatementLike], options: Options) -> bool:
    with open_session(url, options) as session:
        return any(
            finding.code not in _NOT_THE_CHANGE
            for statement in statements
            for finding in examine(statement, session).findings
        )


def _fresh_copy(url: str) -> str:
    name, template = sql.Identifier(_COPY), sql.Identifier(urlsplit(url).path.strip("/"))
    maintenance = _named(url, "template1")
    with psycopg.connect(maintenance, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
    return _named(url, _COPY)


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def main(step: int) -> int:
    """Print what was noticed."""
    config = read_config()
    import_modules(config.modules)
    statements = registered(config.registry)
    with server() as url:
        migrate(config.migrate, url, config.url_variable)
        tally = run(url, statements, config.options, step)
    for kind, made in tally.made.items():
        sys.stdout.write(f"{kind}: {tally.found[kind]} of {made}\n")
    for change in tally.missed:
        sys.stdout.write(f"missed: {change}\n")
    sys.stdout.write(f"{tally.found.total()} of {tally.made.total()} noticed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
