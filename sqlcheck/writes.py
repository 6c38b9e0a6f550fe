"""Writes: every row by accident, NULL where none may be, columns left out."""

from collections.abc import Iterator

from sqlcheck.finding import Complaint
from sqlcheck.nullness import why
from sqlcheck.tree import INSERT, UPDATE
from sqlcheck.variants import Variant
from sqlcheck.writing import Write, writes_of


def write_rules(variant: Variant) -> Iterator[Complaint]:
    """What a write may do wrong on its own."""
    for write in writes_of(variant.levels):
        if write.verb != INSERT and not write.is_second and not write.query["jointree"]["quals"]:
            verb = "UPDATE" if write.verb == UPDATE else "DELETE"
            told = f"{verb} without WHERE changes every row"
            yield Complaint("where", told, "add WHERE, or say WHERE true")
        yield from _nulls(variant, write)
        if write.verb == INSERT:
            yield from _left_out(variant, write)


def _nulls(variant: Variant, write: Write) -> Iterator[Complaint]:
    catalog = variant.analysis.catalog
    for number, expression in write.targets:
        column = catalog.columns[write.table, number]
        if not column.not_null or expression["_"] == "SETTODEFAULT":
            continue
        if reason := why(variant.analysis, expression, write.scope):
            told = f"column {column.spelled} is NOT NULL, but {reason}"
            yield Complaint("not-null", told, "", variant.offset(expression))


def _left_out(variant: Variant, write: Write) -> Iterator[Complaint]:
    catalog = variant.analysis.catalog
    if write.table in catalog.views or write.table in catalog.triggered:
        return
    given = {number for number, value in write.targets if value["_"] != "SETTODEFAULT"}
    for number in catalog.columns_of[write.table]:
        column = catalog.columns[write.table, number]
        if number not in given and column.not_null and not column.default:
            told = f"INSERT leaves out {column.spelled}, which is NOT NULL without a default"
            yield Complaint("not-null", told)
