"""Where the schema says how JSON writes instants, built JSON writes them so."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from sqlcheck import check_one
from sqlcheck.session import open_session
from src.database import Json
from tests.sqlcheck.declare import Connection, sql, statements

SCHEMA = b"""
    CREATE DOMAIN rfc3339 AS text;
    COMMENT ON DOMAIN rfc3339 IS 'instant: in UTC';
    CREATE FUNCTION instant(timestamptz) RETURNS rfc3339 STRICT STABLE
    RETURN to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')::rfc3339;
    COMMENT ON FUNCTION instant(timestamptz) IS 'total: as JSON writes it';
    CREATE FUNCTION doubtful(timestamptz) RETURNS rfc3339 STRICT STABLE RETURN NULL;
    CREATE TABLE visit (id int PRIMARY KEY, at timestamptz NOT NULL, until timestamptz)
"""


@dataclass(slots=True)
class Visit:
    at: datetime
    until: datetime | None


@dataclass(slots=True)
class Number:
    at: int


@sql("SELECT row_to_json(v) FROM (SELECT instant(at) AS at, instant(until) AS until FROM visit) v")
async def right(conn: Connection) -> list[Json[Visit]]: ...


@sql("SELECT row_to_json(v) FROM (SELECT at, instant(until) AS until FROM visit) v")
async def offset(conn: Connection) -> list[Json[Visit]]: ...


@sql(
    "SELECT row_to_json(v) FROM (SELECT instant(until) AS at, instant(until) AS until FROM visit) v"
)
async def nullable(conn: Connection) -> list[Json[Visit]]: ...


@sql("SELECT row_to_json(v) FROM (SELECT doubtful(at) AS at, instant(until) AS until FROM visit) v")
async def doubtful(conn: Connection) -> list[Json[Visit]]: ...


@sql("SELECT row_to_json(v) FROM (SELECT instant(at) AS at FROM visit) v")
async def other(conn: Connection) -> list[Json[Number]]: ...


def test_built_json_writes_instants_as_the_schema_says(scratch: str) -> None:
    with psycopg.connect(scratch, autocommit=True) as conn:
        conn.execute(SCHEMA)
    with open_session(scratch) as session:

        def told(name: str) -> list[str]:
            (statement,) = [each for each in statements if each.name == f"{__name__}.{name}"]
            return [each.message for each in check_one(statement, session) if each.code == "json"]

        assert told("right") == []
        assert ["offset" in each for each in told("offset")] == [True]
        assert ["null" in each for each in told("nullable")] == [True]
        assert ["null" in each for each in told("doubtful")] == [True]
        assert ["is not int" in each for each in told("other")] == [True]
