"""Random data for the random queries: the same tables in many schemas, some of them empty."""

from collections.abc import Iterator
from random import Random

import psycopg
from psycopg.rows import TupleRow

from tests.sqlcheck.fuzzing.grammar import NULLABLE, TABLES

_TABLES = """
    CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL, m int, s text NOT NULL, r text);
    CREATE TABLE b (
        id int PRIMARY KEY, a_id int NOT NULL, n int NOT NULL, m int, s text NOT NULL, r text);
    CREATE TABLE c (id int PRIMARY KEY, b_id int, n int NOT NULL, m int, s text NOT NULL, r text);
    CREATE VIEW v AS
        SELECT a.id, b.n, a.n AS k, b.m, a.s, b.s AS r FROM a LEFT JOIN b ON b.a_id = a.id;
    CREATE VIEW w AS SELECT a.id, b.n, a.m, a.s, b.r FROM a JOIN b ON b.n = a.m;
"""


class Data:
    """A connection to several schemas with the same tables."""

    def __init__(self, url: str, seed: int, sets: int) -> None:
        self.sets = sets
        self.conn: psycopg.Connection[TupleRow] = psycopg.connect(
            url, autocommit=True, prepare_threshold=None
        )
        random = Random(seed)  # noqa: S311  chance, not secrecy
        for number in range(sets):
            self.conn.execute(f"CREATE SCHEMA d{number}".encode())
            self.conn.execute(f"SET search_path = d{number}".encode())
            self.conn.execute(_TABLES)
            for table in "abc":
                self._fill(table, random, random.choice([0, 1, 2, 4, 7]) if number else 6)
        self.conn.execute("ANALYZE; SET statement_timeout = '2s'")

    def _fill(self, table: str, random: Random, size: int) -> None:
        names = list(TABLES[table])
        marks = ", ".join(["%s"] * len(names))
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})".encode()
        for number in range(size):
            values: list[int | str | None] = []
            for name, kind in TABLES[table].items():
                value: int | str = (
                    random.randint(0, 3) if kind == "number" else random.choice("xyz")
                )
                is_null = name in NULLABLE and random.random() < 0.35
                values.append(number if name == "id" else None if is_null else value)
            self.conn.execute(insert, values)

    def run(self, query: str) -> Iterator[list[TupleRow]]:
        """The rows in every schema; what a write does is undone."""
        for number in range(self.sets):
            try:
                with self.conn.transaction(force_rollback=True):
                    self.conn.execute(f"SET LOCAL search_path = d{number}".encode())
                    yield self.conn.execute(query.encode()).fetchall()
            except psycopg.Error:
                continue
