"""Constraints: those that `constraints=` names must be ones that the statement can violate."""

from collections.abc import Iterator

from sqlcheck.catalog import Catalog
from sqlcheck.finding import Complaint
from sqlcheck.tree import DELETE, INSERT
from sqlcheck.variants import Variant
from sqlcheck.writing import writes_of


def named_rules(variant: Variant) -> Iterator[Complaint]:
    """Every name in `constraints=` exists on a table that the statement writes."""
    names = variant.statement.constraints
    if not names:
        return
    catalog = variant.analysis.catalog
    near: dict[str, bool] = {}
    tables: set[str] = set()
    for write in writes_of(variant.levels):
        tables.add(catalog.tables.get(write.table, ""))
        near |= own_names(catalog, write.table)
        for number, _ in write.targets:
            column = catalog.columns[write.table, number]
            near |= dict.fromkeys(catalog.domain_checks(column.type), False)  # never deferred
        if write.verb != INSERT:
            near |= incoming_names(catalog, write.table, frozenset(), deletes=write.verb == DELETE)
    if not tables:
        yield Complaint("constraint", "`constraints=` never applies: the statement writes nothing")
        return
    for name in names:
        if name not in near:
            told = f"no constraint `{name}` on {' or '.join(sorted(tables))}"
            hint = f"there are: {', '.join(sorted(near)) or 'none'}"
            yield Complaint("constraint", told, hint, about=name)
        elif near[name]:
            told = f"`{name}` is deferred: it is violated at COMMIT, not by this statement"
            yield Complaint("constraint", told, about=name)


def own_names(catalog: Catalog, table: int) -> dict[str, bool]:
    """The constraints and unique indexes of a table, each with whether it is deferred."""
    found = {each.name: each.is_deferred for each in catalog.constraints.get(table, ())}
    return found | {each.name: each.is_deferred for each in catalog.keys.get(table, ())}


def incoming_names(
    catalog: Catalog, table: int, seen: frozenset[int], *, deletes: bool
) -> dict[str, bool]:
    """Foreign keys that point here, and what a cascade of theirs runs into."""
    found: dict[str, bool] = {}
    for each in catalog.incoming.get(table, ()):
        found[each.name] = each.is_deferred
        if deletes and each.on_delete == "c" and each.table not in seen:
            found |= incoming_names(catalog, each.table, seen | {table}, deletes=True)
        elif deletes and each.on_delete in "nd":
            found |= own_names(catalog, each.table)
    return found
