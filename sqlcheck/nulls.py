"""NULL in results: what may arrive against what is declared."""

from collections.abc import Iterator

from sqlcheck.facts import returning_scope
from sqlcheck.finding import Complaint
from sqlcheck.hints import core, element, is_optional, spell, strip_none
from sqlcheck.nullness import elements, outputs
from sqlcheck.results import label, paired
from sqlcheck.scopes import Reason
from sqlcheck.statement import vouched
from sqlcheck.variants import Variant


def reasons_of(variant: Variant) -> list[Reason]:
    """For each result column, why it may be NULL; vouching aside."""
    return outputs(variant.analysis, variant.tree)


def null_rules(variant: Variant) -> Iterator[Complaint]:
    """No NULL arrives where none is declared."""
    columns = variant.analysed.columns
    if not columns or (variant.stub.fields is None and len(columns) != 1):
        return
    reasons = reasons_of(variant)
    trusted = vouched(variant.statement.text)
    nullable = {column.name for column, reason in zip(columns, reasons, strict=True) if reason}
    for name in sorted(trusted - nullable):
        told = f"`-- not null: {name}` vouches for what is never NULL anyway"
        yield Complaint("not-null-note", told, "remove it", is_lint=True)
    reasons = [
        None if column.name in trusted else reason
        for column, reason in zip(columns, reasons, strict=True)
    ]
    if variant.stub.fields is None and variant.stub.may_miss and not variant.stub.is_many:
        if reasons[0]:
            told = f"{variant.stub.name}: None would mean both `no row` and NULL ({reasons[0]})"
            yield Complaint("null", told, "declare a row class, or COALESCE the column")
    else:
        yield from _declared(variant, reasons)
    yield from _elements(variant)


def _declared(variant: Variant, reasons: list[Reason]) -> Iterator[Complaint]:
    for at, column, expression, declared in paired(variant):
        reason = reasons[at]
        if reason and not is_optional(declared):
            spelled = spell(declared)
            told = f"{label(variant, column.name)} is {spelled}, but can be NULL: {reason}"
            hint = f"declare {spelled} | None, or rule NULL out in the SQL"
            yield Complaint("null", told, hint, variant.offset(expression))


def _elements(variant: Variant) -> Iterator[Complaint]:
    catalog = variant.analysis.catalog
    scope = returning_scope(variant.analysis, variant.tree)
    for _, column, expression, declared in paired(variant):
        inner = element(core(declared))
        if inner is None or is_optional(inner) or not catalog.types[column.type].element:
            continue
        if reason := elements(variant.analysis, expression, scope):
            spelled = spell(strip_none(declared)[0])
            told = f"{label(variant, column.name)} is {spelled}, but can hold NULL: {reason}"
            hint = f"declare list[{spell(inner)} | None], or leave NULLs out with FILTER"
            yield Complaint("null", told, hint, variant.offset(expression))
