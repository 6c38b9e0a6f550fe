"""What is written for a value: as Python's csv module writes it, and no formula."""

import csv
import io

import pytest

from src.exports.cells import Written, quoted, written


@pytest.mark.parametrize(
    "text", ["", "a", "a,b", 'say "hi"', "two\nlines", "two\r\nlines", "\r", '"', " a ", "\tb", ";"]
)
def test_quotes_are_those_of_the_csv_module(text: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["first", text])

    assert f"first,{quoted(text)}\r\n" == buffer.getvalue()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (0, "0"),
        (-7, "-7"),
        (3.0, "3"),
        (2.5, "2.5"),
        (1e-7, "1e-07"),
        (0.30000000000000004, "0.30000000000000004"),
        (1234567890123456.5, "1234567890123456.5"),
        ([0, 2], "0;2"),
        ([], ""),
        ("=1,5", '"\'=1,5"'),
        ("-1,5", '"-1,5"'),
        ("1.0", "1.0"),
        ("[0, 2]", '"[0, 2]"'),
    ],
)
def test_a_value_has_its_cell(value: object, cell: str) -> None:
    assert written(value) == cell
    if not isinstance(value, list):
        remembered = Written()
        assert [remembered[value], remembered[value]] == [cell, cell]


def test_what_is_remembered_is_bounded() -> None:
    remembered = Written()
    for number in range(20_000):
        assert remembered[number] == str(number)
    assert len(remembered) == 10_000

    long, kept = "x" * 1_000, Written()
    assert (kept[long], len(kept)) == (long, 0)
