"""Calls every strict built-in function with ordinary values: which return NULL all the same?"""

import sys
from collections.abc import Sequence
from itertools import islice, product

import psycopg
from psycopg.rows import TupleRow

from sqlcheck import functions
from sqlcheck.embedded import server

_VALUES: dict[str, Sequence[str]] = {
    "int2": ("0::int2", "1::int2", "-1::int2"),
    "int4": ("0", "1", "-1", "1000"),
    "int8": ("0::int8", "1::int8", "-3::int8"),
    "float4": ("0::float4", "1.5::float4", "'NaN'::float4"),
    "float8": ("0::float8", "2.5::float8", "'NaN'::float8"),
    "numeric": ("0::numeric", "1.50", "-2.5", "'NaN'::numeric"),
    "text": ("'a'", "''", "'abc def'", "'{}'", "'[0-9]+'"),
    "varchar": ("'a'::varchar",),
    "bpchar": ("'a'::char(3)",),
    "bool": ("true", "false"),
    "date": ("'2020-01-01'::date",),
    "timestamp": ("'2020-01-01'::timestamp",),
    "timestamptz": ("'2020-01-01'::timestamptz",),
    "interval": ("'1 day'::interval", "'0'::interval"),
    "time": ("'10:00'::time",),
    "uuid": ("'00000000-0000-0000-0000-000000000000'::uuid", "uuidv7()"),
    "bytea": ("''::bytea", "'\\x0102'::bytea"),
    "json": ("'{}'::json", "'[1,2]'::json", "'null'::json"),
    "jsonb": ("'{}'::jsonb", "'[1,2]'::jsonb", "'{\"a\":null}'::jsonb", "'null'::jsonb"),
    "jsonpath": ("'$.a'::jsonpath", "'$'::jsonpath"),
    "inet": ("'10.0.0.1'::inet", "'::1'::inet"),
    "cidr": ("'10.0.0.0/8'::cidr",),
    "_text": ("'{}'::text[]", "'{a,b}'::text[]"),
    "_int4": ("'{}'::int[]", "'{1,2}'::int[]"),
    "anyarray": ("'{}'::int[]", "'{1,2}'::int[]", "'{{1},{2}}'::int[]"),
    "anyelement": ("1",),
    "anycompatible": ("1",),
    "anycompatiblearray": ("'{}'::int[]", "'{1,2}'::int[]"),
    "anyrange": ("'empty'::int4range", "'[1,5)'::int4range", "'(,)'::int4range"),
    "anymultirange": ("'{}'::int4multirange", "'{[1,3)}'::int4multirange"),
    "tsvector": ("''::tsvector", "'a:1'::tsvector"),
    "tsquery": ("'a'::tsquery", "''::tsquery"),
    "point": ("'(0,0)'::point", "'(1,1)'::point"),
    "box": ("'((0,0),(1,1))'::box", "'((5,5),(6,6))'::box"),
    "path": ("'((0,0),(1,1))'::path", "'[(0,0),(1,1)]'::path"),
}
_FUNCTIONS = """
    SELECT p.proname, coalesce(nullif(p.prosrc, ''), p.proname),
           array(SELECT t.typname
                   FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (oid, n)
                   JOIN pg_type t ON t.oid = a.oid
                  ORDER BY n)
      FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proisstrict AND p.prokind = 'f'
       AND NOT p.proretset AND p.provolatile IN ('i', 's')
       AND p.prorettype <> ALL (ARRAY['internal', 'cstring', 'trigger', 'void']::regtype[])
       AND p.proname !~ '^pg_(stat|ls|read)|recv$'
     ORDER BY 1, 2
"""
KNOWN = frozenset(["to_char", "to_number"])
"""NULL only for an empty format."""


def run(url: str, calls: int = 24) -> tuple[int, set[str]]:
    """How many functions could be called, and which returned NULL without being listed."""
    called, found = 0, set()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET statement_timeout = '300ms'; SET client_min_messages = error")
        for name, source, types in conn.execute(_FUNCTIONS).fetchall():
            if all(each in _VALUES for each in types) and not _is_listed(name, source):
                values = [_call(conn, name, types, calls)]
                called += any(values)
                if any(None in each for each in values) and name not in KNOWN:
                    found.add(name)
    return called, found


def _is_listed(name: str, source: str) -> bool:
    return source in functions.MAY_BE_NULL or name.startswith(functions.CATALOG_LOOKUPS)


def _call(
    conn: psycopg.Connection[TupleRow], name: str, types: Sequence[str], calls: int
) -> list[object]:
    values: list[object] = []
    for arguments in islice(product(*(_VALUES[each] for each in types)), calls):
        try:
            query = f'SELECT pg_catalog."{name}"({", ".join(arguments)}) IS NULL'.encode()
            (row,) = conn.execute(query).fetchall()
        except psycopg.Error:
            continue
        values.append(None if row[0] else True)
    return values


def main() -> int:
    """Print what was found; the exit status."""
    with server() as url:
        called, found = run(url)
    sys.stdout.write(f"{called} functions called; NULL and not listed: {sorted(found)}\n")
    return min(1, len(found))


if __name__ == "__main__":
    sys.exit(main())
