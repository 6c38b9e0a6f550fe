"""Result columns: names, types, and whether there are any."""

from collections.abc import Iterator
from types import NoneType

from sqlcheck import matching
from sqlcheck.declared import Declared
from sqlcheck.finding import Complaint
from sqlcheck.hints import Hint, labels, spell
from sqlcheck.hints import core as core_of
from sqlcheck.origins import results, texts
from sqlcheck.session import ResultColumn
from sqlcheck.tree import Node, targets
from sqlcheck.variants import Variant

_NAMELESS = "?column?"


def result_rules(variant: Variant) -> Iterator[Complaint]:
    """The result columns against the return annotation."""
    stub, columns = variant.stub, variant.analysed.columns
    if not columns:
        yield from _no_columns(variant)
    elif stub.row is NoneType:
        names = ", ".join(column.name for column in columns)
        told = f"the statement returns {names}, {stub.name} declares None"
        yield Complaint("result", told, "declare the row, or drop RETURNING")
    elif stub.fields is None and len(columns) != 1:
        told = f"the statement returns {len(columns)} columns, {spell(stub.row)} is one value"
        yield Complaint("result", told, "declare a row class")
    else:
        yield from _names(variant)
        yield from _types(variant)


def _no_columns(variant: Variant) -> Iterator[Complaint]:
    stub = variant.stub
    if stub.is_many or stub.may_miss or stub.row not in (NoneType, int):
        told = f"the statement returns no columns, {stub.name} declares {spell(stub.returns)}"
        hint = "add RETURNING, or declare None, or int for the number of rows"
        yield Complaint("result", told, hint)
    elif variant.statement.missing is not None and stub.row is int:
        yield Complaint("missing", "`missing=` never applies to a number of rows", "remove it")


def fields_of(stub: Declared, columns: tuple[ResultColumn, ...]) -> dict[str, Hint]:
    """What is declared for each column."""
    if stub.fields is not None:
        return dict(stub.fields)
    return {columns[0].name: stub.row | None if stub.may_miss and stub.is_many else stub.row}


def paired(variant: Variant) -> Iterator[tuple[int, ResultColumn, Node, Hint]]:
    """Each result column that a field is declared for, with its expression and that field."""
    columns = variant.analysed.columns
    if not columns or variant.stub.row is NoneType:
        return
    if variant.stub.fields is None and len(columns) != 1:
        return
    fields = fields_of(variant.stub, columns)
    seen: set[str] = set()
    for at, (column, target) in enumerate(zip(columns, targets(variant.tree), strict=True)):
        if column.name in fields and column.name not in seen:
            yield at, column, target["expr"], fields[column.name]
        seen.add(column.name)


def label(variant: Variant, column: str) -> str:
    """How messages name a result column."""
    stub = variant.stub
    return f"{spell(stub.row)}.{column}" if stub.fields else f"the result of {stub.name}"


def _names(variant: Variant) -> Iterator[Complaint]:
    if variant.stub.fields is None:
        return
    fields, row = variant.stub.fields, spell(variant.stub.row)
    seen: set[str] = set()
    for column, target in zip(variant.analysed.columns, targets(variant.tree), strict=True):
        where = variant.offset(target["expr"])
        if column.name == _NAMELESS:
            yield Complaint("columns", "a result column has no name", "add AS", where)
        elif column.name in seen:
            told = f"two result columns are named `{column.name}`"
            yield Complaint("columns", told, "add AS", where)
        elif column.name not in fields:
            told = f"the statement returns `{column.name}`, which is not a field of {row}"
            yield Complaint("columns", told, f"fields: {', '.join(fields)}", where)
        seen.add(column.name)
    missing = [name for name in fields if name not in seen]
    if missing:
        told = f"{variant.stub.name} returns {row}, but the statement has no column"
        names = ", ".join(column.name for column in variant.analysed.columns)
        yield Complaint("columns", f"{told} `{'`, `'.join(missing)}`", f"columns: {names}")


def _types(variant: Variant) -> Iterator[Complaint]:
    places = results(variant.analysis, variant.tree)
    for at, column, expression, declared in paired(variant):
        choices = None
        if labels(core_of(declared)) is not None:
            parts = [texts(variant.analysis, *place) for place in places[at]]
            known = [part for part in parts if part is not None]
            choices = frozenset().union(*known) if len(known) == len(parts) else None
        why = matching.received(variant.analysis.catalog, column.type, declared, choices)
        if why:
            told = f"{label(variant, column.name)}: {why}"
            yield Complaint("type", told, "", variant.offset(expression))
