"""The table of types is true of the psycopg that is installed."""

import datetime as dt
from typing import Any

import psycopg
import pytest
from pydantic import NaiveDatetime

from sqlcheck import matching
from sqlcheck.samples import sample

_TEXTS = {
    "bool": "true",
    "float4": "1.5",
    "float8": "1.5",
    "numeric": "1.5",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "bytea": "\\x01",
    "date": "2020-01-01",
    "time": "10:00",
    "timetz": "10:00+00",
    "interval": "1 day",
    "timestamptz": "2020-01-01",
    "timestamp": "2020-01-01",
    "inet": "10.0.0.1",
    "cidr": "10.0.0.0/8",
    "regclass": "pg_class",
}


@pytest.mark.parametrize("kind", sorted(matching.PYTHON.keys() - {"citext", "void", "xml"}))
def test_a_value_arrives_as_the_table_says(kind: str, library: str) -> None:
    name = '"char"' if kind == "char" else kind
    with psycopg.connect(library) as conn:
        query = f"SELECT %s::{name}, ARRAY[%s::{name}]".encode()
        text = _TEXTS.get(kind, "1")
        (row,) = conn.execute(query, [text, text]).fetchall()

    value: Any = row[0]
    wanted = matching.PYTHON[kind]
    if isinstance(value, dt.datetime):
        assert (value.tzinfo is None) == (wanted == (NaiveDatetime,))
    else:
        assert type(value) in wanted
    assert isinstance(row[1], list)
    assert type(row[1][0]) is type(value)


@pytest.mark.parametrize("kind", sorted(matching.PYTHON.keys() - {"citext", "void", "xml", "xid"}))
def test_a_sample_goes_where_the_table_says(kind: str, library: str) -> None:
    name = '"char"' if kind == "char" else kind
    with psycopg.connect(library) as conn:
        for hint in matching.PYTHON[kind]:
            value = "pg_class" if kind == "regclass" else sample(hint)
            (row,) = conn.execute(f"SELECT %s::{name} IS NULL".encode(), [value]).fetchall()
            assert row == (False,)
