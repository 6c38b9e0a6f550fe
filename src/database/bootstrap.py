"""What happens before there are pools: making a database, and asking a server who it is."""

import time

import psycopg
from psycopg import errors, sql

MINIMUM_VERSION = 180000


class ServerError(Exception):
    """The server cannot serve us; the message says why, without its secrets."""


def create_database(url: str, name: str, *, patience: float = 0) -> None:
    """Make the database unless it is there. Waits `patience` seconds for the server."""
    statement = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    ).format(sql.Identifier(name))
    deadline = time.monotonic() + patience
    while True:
        try:
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(statement)
        except errors.DuplicateDatabase:
            return
        except psycopg.OperationalError as exc:  # still recovering
            if time.monotonic() > deadline:
                raise ServerError("the server does not accept connections") from exc
            time.sleep(0.2)
        else:
            return


def check_server(conninfo: str) -> None:
    """Raise ServerError unless a PostgreSQL that is new enough answers."""
    try:
        with psycopg.connect(conninfo) as conn:
            version = conn.info.server_version
    except psycopg.OperationalError as exc:
        reason = str(exc).strip().splitlines()[0].removeprefix("connection failed: ")
        raise ServerError(reason) from exc
    if version < MINIMUM_VERSION:
        raise ServerError(f"PostgreSQL {version // 10000} is too old: 18 is needed")


def current_revision(conninfo: str) -> str | None:
    """The migration that the database stands at; None before the first."""
    with psycopg.connect(conninfo) as conn:
        try:
            row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
        except errors.UndefinedTable:
            return None
    return row[0] if row else None


def empty_database(conninfo: str) -> None:
    """Drop everything in the database. Raises ServerError while others hold on to its tables."""
    try:
        with psycopg.connect(conninfo) as conn:
            conn.execute("SET LOCAL lock_timeout = '5s'")
            conn.execute("DROP SCHEMA public CASCADE")
            # As a new database has it.
            conn.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
            conn.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    except errors.LockNotAvailable as exc:
        raise ServerError("The tables are in use: stop the service first.") from exc
    except errors.InsufficientPrivilege as exc:
        raise ServerError("This user does not own the database.") from exc
