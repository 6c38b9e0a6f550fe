"""Parameters: the types that the SQL asks for, and the columns that they meet."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlcheck import matching
from sqlcheck.catalog import Catalog, Choices, Column, Key
from sqlcheck.declared import Declared, first_use
from sqlcheck.finding import Complaint
from sqlcheck.hints import core, labels
from sqlcheck.origins import origins, stored
from sqlcheck.placeholders import Numbered
from sqlcheck.scopes import Scope
from sqlcheck.tree import Node, parameter, walk
from sqlcheck.variants import Variant
from sqlcheck.writing import writes_of


@dataclass(frozen=True, slots=True)
class Meeting:
    """A parameter and a table column that it is compared with, or written to."""

    number: int
    column: Key
    is_written: bool


def meetings(variant: Variant) -> Iterator[Meeting]:
    """Where parameters meet columns."""
    for query, scope in variant.levels:
        for node in walk(query, into_queries=False):
            if node["_"] in ("OPEXPR", "SCALARARRAYOPEXPR") and len(node["args"] or []) > 1:
                yield from _compared(variant, node, scope)
    for write in writes_of(variant.levels):
        for number, expression in write.targets:
            for value, _ in origins(variant.analysis, expression, write.scope):
                at = parameter(value)
                if at is not None:
                    yield Meeting(at, (write.table, number), is_written=True)


def _compared(variant: Variant, node: Node, scope: Scope) -> Iterator[Meeting]:
    if variant.analysis.catalog.operators[node["opno"]] not in ("=", "<>"):
        return
    for left, right in (node["args"], node["args"][::-1]):
        number = parameter(left)
        column = stored(variant.analysis, right, scope) if number is not None else None
        if number is not None and column is not None:
            yield Meeting(number, column, is_written=False)


def parameter_rules(variant: Variant) -> Iterator[Complaint]:
    """Compare annotations with the types that the SQL asks for, and with checks on columns."""
    catalog = variant.analysis.catalog
    choices: dict[int, Choices] = {}
    written: dict[int, Column] = {}
    for met in meetings(variant):
        column = catalog.columns[met.column]
        if column.choices is not None:
            choices[met.number] = column.choices
            if met.is_written:
                written[met.number] = column
    wrong = set()
    for complaint in type_rules(catalog, variant.stub, variant.numbered, variant.asked, choices):
        wrong.add(complaint.about)
        yield complaint
    for number, column in written.items():
        name = variant.numbered.names[number - 1]
        if name not in wrong and labels(core(variant.stub.parameters[name])) is None:
            values = matching.listed(column.choices or frozenset())
            told = f"parameter `{name}`: {column.spelled} takes only {values}"
            where = first_use(variant.text, name)
            yield Complaint("param-type", told, f"declare Literal[{values}]", where, about=name)


def type_rules(
    catalog: Catalog,
    stub: Declared,
    query: Numbered,
    asked: tuple[int, ...],
    choices: dict[int, Choices],
) -> Iterator[Complaint]:
    """Compare each annotation with the type that the SQL asks for."""
    for number, (name, oid) in enumerate(zip(query.names, asked, strict=False), 1):
        if not oid:
            continue
        where = query.back(query.sql.index(f"${number}"))
        why = matching.sent(catalog, oid, stub.parameters[name], choices.get(number))
        if why:
            yield Complaint("param-type", f"parameter `{name}`: {why}", "", where, about=name)
