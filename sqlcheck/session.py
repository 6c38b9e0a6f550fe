"""A connection that shows how PostgreSQL understands a statement, and never runs one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from sqlcheck.catalog import Catalog
from sqlcheck.reading import Server, read_catalog
from sqlcheck.tree import Node, parse

_DUMP = "parse tree:"
_FIRST_WITH_STATISTICS_FUNCTIONS = 180000

# Plan as if tables were large: by index wherever there is one.
_SETTINGS = """
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off;
    SET LOCAL enable_material = off;
    SET LOCAL jit = off;
    SET LOCAL random_page_cost = 1;
    SET LOCAL cpu_tuple_cost = 1;
    SET LOCAL cpu_index_tuple_cost = 1;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0
"""
# Statistics for tables without rows, so that plans resemble those of full ones.
_PRETEND = """
    SELECT pg_restore_attribute_stats(
               'schemaname', n.nspname::text,
               'relname', c.relname::text,
               'attname', a.attname::text,
               'inherited', false,
               'null_frac', CASE WHEN a.attnotnull THEN 0 ELSE 0.5 END::real,
               'avg_width', 16,
               'n_distinct', CASE WHEN a.attnum = ANY (i.indkey) THEN -1 ELSE -0.1 END::real)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
     WHERE c.relkind = 'r' AND c.oid = ANY ($1)
     ORDER BY c.oid
"""
_STATISTICS = b"statistics"
_SHOW_TREES = """
    SET LOCAL debug_print_parse = on;
    SET LOCAL debug_pretty_print = off;
    SET LOCAL client_min_messages = log;
    SAVEPOINT asked
"""
_FORGET = b"ROLLBACK TO SAVEPOINT asked"
"""Gives back what was pretended and every lock, so that sessions do not wait for each other."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a project decides."""

    small_tables: frozenset[str] = frozenset()
    """Tables that may be read from end to end."""
    tenant_column: str = ""
    """The column that every statement on a tenant's table must pin; "" for no such rule."""
    tenant_comment: str = "store"
    """How the comment of a tenant's table starts."""
    store_version: int = 0
    """The oldest server that a tenant's tables may be on; 0 for no such rule."""
    ordered: bool = False
    """Whether every list needs an ORDER BY that ends in a unique key."""


@dataclass(frozen=True, slots=True)
class Session:
    """One connection and what was read through it."""

    conn: Server
    catalog: Catalog
    options: Options
    dumps: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ResultColumn:
    name: str
    type: int
    table: int
    number: int


@dataclass(frozen=True, slots=True)
class Analysed:
    """A statement as PostgreSQL understands it."""

    tree: Node
    columns: tuple[ResultColumn, ...]
    parameters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that PostgreSQL refuses."""

    message: str
    help: str
    position: int | None
    """The first wrong character, from zero."""


@contextmanager
def open_session(conninfo: str, options: Options | None = None) -> Iterator[Session]:
    """Read the catalogue and get ready; all that is set or pretended is rolled back at the end."""
    with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as conn:
        session = Session(conn, read_catalog(conn), options or Options())
        if conn.info.server_version >= _FIRST_WITH_STATISTICS_FUNCTIONS:
            conn.pgconn.prepare(_STATISTICS, _PRETEND.encode())
        conn.execute("BEGIN")
        conn.execute(_SETTINGS)
        conn.add_notice_handler(lambda told: _keep(session.dumps, told))
        conn.execute(_SHOW_TREES)
        yield session
        conn.execute("ROLLBACK")


def forget(session: Session) -> None:
    """Give back all locks; what is prepared stays."""
    session.conn.pgconn.exec_(_FORGET)


def _keep(dumps: list[str], told: psycopg.errors.Diagnostic) -> None:
    if told.message_primary == _DUMP and told.message_detail:
        dumps.append(told.message_detail)


def analyse(
    session: Session, sql: str, types: Sequence[int] = (), name: str = ""
) -> Analysed | Refusal:
    """Prepare a statement with parameters of these types, and read what came of it."""
    pgconn = session.conn.pgconn
    if name:
        pgconn.close_prepared(name.encode())
    session.dumps.clear()
    prepared = pgconn.prepare(name.encode(), sql.encode(), types)
    if prepared.status != pq.ExecStatus.COMMAND_OK:
        return _refused(session, prepared)
    dump = session.dumps[0]
    described = pgconn.describe_prepared(name.encode())
    columns = tuple(
        ResultColumn(
            (described.fname(at) or b"").decode(),
            described.ftype(at),
            described.ftable(at),
            described.ftablecol(at),
        )
        for at in range(described.nfields)
    )
    asked = tuple(described.param_type(at) for at in range(described.nparams))
    return Analysed(parse(dump), columns, asked)


def accepts(session: Session, sql: str, types: Sequence[int] = ()) -> Refusal | tuple[int, ...]:
    """Prepare only; the parameter types that the SQL asks for, or why it is refused."""
    pgconn = session.conn.pgconn
    prepared = pgconn.prepare(b"", sql.encode(), types)
    if prepared.status != pq.ExecStatus.COMMAND_OK:
        return _refused(session, prepared)
    described = pgconn.describe_prepared(b"")
    return tuple(described.param_type(at) for at in range(described.nparams))


def copies_out(session: Session, sql: str) -> Refusal | None:
    """Run a COPY ... TO STDOUT that copies nothing; why it is refused."""
    pgconn = session.conn.pgconn
    result = pgconn.exec_(sql.encode())
    if result.status != pq.ExecStatus.COPY_OUT:
        return _refused(session, result)
    while pgconn.get_copy_data(0)[0] > 0:
        pass
    while pgconn.get_result() is not None:
        pass
    return None


def plan(
    session: Session, name: str, parameters: int, tables: Iterable[int]
) -> dict[str, Any] | Refusal:
    """The generic plan of a statement prepared under a name; its tables are pretended full."""
    _pretend(session, tables)
    nulls = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    explained = session.conn.pgconn.exec_(f"EXPLAIN (FORMAT JSON) EXECUTE {name} {nulls}".encode())
    if explained.status != pq.ExecStatus.TUPLES_OK:
        return _refused(session, explained)
    root: dict[str, Any] = json.loads(explained.get_value(0, 0) or b"")[0]["Plan"]
    forget(session)
    return root


def _pretend(session: Session, tables: Iterable[int]) -> None:
    pgconn = session.conn.pgconn
    if session.conn.info.server_version < _FIRST_WITH_STATISTICS_FUNCTIONS:
        return
    listed = f"{{{','.join(map(str, sorted(tables)))}}}".encode()
    if pgconn.exec_prepared(_STATISTICS, [listed]).status != pq.ExecStatus.TUPLES_OK:
        pgconn.exec_(_FORGET)  # a replica, or a role that may not: plans are judged as they come


def sent_types(session: Session, values: Sequence[object]) -> tuple[int, ...]:
    """The type numbers with which psycopg would send these values."""
    transformer = Transformer.from_context(session.conn)
    transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    return tuple(transformer.types or ())


def _refused(session: Session, result: pq.abc.PGresult) -> Refusal:
    def part(which: pq.DiagnosticField) -> str:
        return (result.error_field(which) or b"").decode()

    position = part(pq.DiagnosticField.STATEMENT_POSITION)
    hints = (part(pq.DiagnosticField.MESSAGE_DETAIL), part(pq.DiagnosticField.MESSAGE_HINT))
    refusal = Refusal(
        part(pq.DiagnosticField.MESSAGE_PRIMARY),
        "; ".join(filter(None, hints)),
        int(position) - 1 if position else None,
    )
    forget(session)
    return refusal
