"""Short runs of the programs that look for wrong answers; nightly runs are longer."""

import psycopg

from sqlcheck.session import open_session
from tests.sqlcheck.conftest import SCHEMA
from tests.sqlcheck.fuzzing import built, builtins, mutations, nullness, rows, schemas


def test_what_is_said_never_to_be_null_never_is(scratch: str) -> None:
    tally = nullness.run(scratch, seed=1, count=60, sets=8)

    assert tally.wrong == []
    assert tally.proved > 0.6 * tally.unseen


def test_what_is_said_to_be_one_row_is_one(scratch: str) -> None:
    tally = rows.run(scratch, seed=1, count=150, sets=8)

    assert tally.wrong == []
    assert tally.proved > 0.3 * tally.single


def test_changed_annotations_are_noticed(scratch: str) -> None:
    with psycopg.connect(scratch, autocommit=True) as conn:
        conn.execute(SCHEMA.read_bytes())
    with open_session(scratch) as session:
        tally = mutations.run(session, step=53)

    assert tally.found.total() > 0.94 * tally.made.total()


def test_a_changed_schema_is_noticed(scratch: str) -> None:
    tally = schemas.run(scratch, step=60)

    assert tally.found.total() >= 0.7 * tally.made.total()


def test_functions_that_make_null_of_values_are_listed(library: str) -> None:
    called, found = builtins.run(library, calls=5)

    assert called > 1000
    assert found == set()


def test_json_is_what_its_type_says(scratch: str) -> None:
    tally = built.run(scratch, seed=1, count=25)

    assert (tally.refused, tally.untrue, tally.missed) == ([], [], [])
    assert tally.changed.total() > 150
