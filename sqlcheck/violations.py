"""Constraints that the parameters can violate: what happens then must be said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlcheck.catalog import Catalog, Choices, Constraint, Key, UniqueKey
from sqlcheck.finding import Complaint
from sqlcheck.origins import Place, origins, stored, texts
from sqlcheck.scopes import Analysis, Scope, target_relation
from sqlcheck.tree import (
    DELETE,
    FUNCTION,
    INSERT,
    UPDATE,
    Node,
    conjuncts,
    is_null_constant,
    parameter,
    parameters,
    targets,
    walk,
)
from sqlcheck.variants import Variant
from sqlcheck.writing import Write, is_skipped, writes_of

_FRESH_DEFAULTS = ("identity", "gen_random_uuid()", "uuidv7()", "nextval(", "uuidv4()")
_FRESH_FUNCTIONS = frozenset(["gen_random_uuid", "uuidv7", "uuidv4", "nextval"])
_SCALAR_SUBLINK = 4
_REFUSES_DELETE = "ar"
_HINT = "name it in constraints=, use ON CONFLICT, or say `-- allow constraint({})`"


@dataclass(frozen=True, slots=True)
class Given:
    """Where the values of one written column come from."""

    places: Sequence[Place]
    is_open: bool
    """Whether the caller chooses the value."""


def violation_rules(variant: Variant) -> Iterator[Complaint]:
    """Every constraint that a parameter can violate is named in `constraints=`."""
    writes = list(writes_of(variant.levels))
    seen: set[str] = set(variant.statement.constraints)
    for write in writes:
        for name, why in _violable(variant.analysis, write, writes):
            if name not in seen:
                seen.add(name)
                told = f"`{name}` can refuse this statement: {why}"
                yield Complaint("constraint", told, _HINT.format(name), about=name)


def _violable(
    analysis: Analysis, write: Write, writes: Sequence[Write]
) -> Iterator[tuple[str, str]]:
    catalog = analysis.catalog
    given = {
        number: _given(analysis, value, write.scope)
        for number, value in write.targets
        if value["_"] != "SETTODEFAULT"
    }
    chosen = {number for number, value in given.items() if value.is_open}
    if write.verb == DELETE:
        yield from _referrers(analysis, write, writes)
        return
    for key in catalog.keys.get(write.table, ()):
        if not key.is_deferred and _can_collide(catalog, write, key, given, chosen):
            yield key.name, f"{_listed(catalog, write, key.touched)} may be taken"
    for each in catalog.constraints.get(write.table, ()):
        if not each.is_deferred and chosen & set(each.columns):
            yield from _refused_by(analysis, write, each, given, writes)
    for number in sorted(chosen):
        yield from _refused_by_domain(analysis, write, number)
    if write.verb == UPDATE:
        for each in catalog.incoming.get(write.table, ()):
            if not each.is_deferred and chosen & set(each.target_columns):
                yield each.name, f"{catalog.tables[each.table]} may still refer to the old value"


def _listed(catalog: Catalog, write: Write, columns: Sequence[int]) -> str:
    return ", ".join(catalog.columns[write.table, number].name for number in columns)


def _traced(analysis: Analysis, node: Node, scope: Scope) -> list[Place]:
    """The expressions behind a value; a scalar sub-query is what it selects."""
    found: list[Place] = []
    for place, home in origins(analysis, node, scope):
        if place["_"] == "SUBLINK" and place["subLinkType"] == _SCALAR_SUBLINK:
            inner = analysis.scopes.get((id(place["subselect"]), False))
            columns = targets(place["subselect"])
            if inner is not None and not place["subselect"]["setOperations"]:
                found += _traced(analysis, columns[0]["expr"], inner)
                continue
        found.append((place, home))
    return found


def _given(analysis: Analysis, node: Node, scope: Scope) -> Given:
    places = _traced(analysis, node, scope)
    return Given(places, any(_is_chosen(analysis, place) for place in places))


def _is_chosen(analysis: Analysis, place: Place) -> bool:
    """Whether a parameter is part of the value, or of the set that it is taken from."""
    node, scope = place
    for each in walk(node, into_queries=False):
        if each["_"] == "PARAM" and each["paramkind"] == 0:
            return True
        if each["_"] != "VAR" or each["varattno"] <= 0:
            continue
        entry = scope.up(each["varlevelsup"]).entry(each["varno"])
        calls = entry["functions"] if entry["rtekind"] == FUNCTION else []
        behind = [one for one in origins(analysis, each, scope) if one[0] is not each]
        if any(map(parameters, calls)) or any(_is_chosen(analysis, one) for one in behind):
            return True
    return False


# ---- unique keys ----


def _can_collide(
    catalog: Catalog,
    write: Write,
    key: UniqueKey,
    given: dict[int, Given],
    chosen: set[int],
) -> bool:
    if not chosen & set(key.touched):
        return False
    if write.verb == UPDATE:
        return True
    if is_skipped(write) and not _arbiter(write):
        return False
    if write.conflict is not None and _is_arbiter(write.conflict, key):
        return False
    return not any(_never_collides(catalog, write, key, number, given) for number in key.touched)


def _never_collides(
    catalog: Catalog, write: Write, key: UniqueKey, number: int, given: dict[int, Given]
) -> bool:
    """A column whose value is new in every row, or NULL."""
    if number in given:
        return all(
            (is_null_constant(place[0]) and not key.nulls_collide) or _is_fresh(catalog, place)
            for place in given[number].places
        )
    default = catalog.columns[write.table, number].default
    return default.startswith(_FRESH_DEFAULTS) or (not default and not key.nulls_collide)


def _is_fresh(catalog: Catalog, place: Place) -> bool:
    """A value made for this row, here or in the INSERT that returned it."""
    node, scope = place
    if node["_"] == "FUNCEXPR":
        return catalog.function_of(node).name in _FRESH_FUNCTIONS
    if node["_"] != "VAR" or scope.query["commandType"] != INSERT:
        return False
    if node["varlevelsup"] or node["varno"] != scope.query["resultRelation"]:
        return False
    for target in scope.query["targetList"] or []:
        if target["resno"] == node["varattno"] and not target["resjunk"]:
            return _is_fresh(catalog, (target["expr"], scope))
    column = catalog.columns[target_relation(scope.query), node["varattno"]]
    return column.default.startswith(_FRESH_DEFAULTS)


def _arbiter(write: Write) -> bool:
    conflict = write.conflict or {}
    return bool(conflict.get("arbiterElems") or conflict.get("constraint"))


def _is_arbiter(conflict: Node, key: UniqueKey) -> bool:
    if conflict["constraint"]:
        return bool(conflict["constraint"] == key.oid)
    columns = {
        node["varattno"]
        for element in conflict["arbiterElems"] or []
        for node in walk(element)
        if node["_"] == "VAR"
    }
    return columns == set(key.touched)


# ---- foreign keys, checks, exclusions ----


def _refused_by(
    analysis: Analysis,
    write: Write,
    each: Constraint,
    given: dict[int, Given],
    writes: Sequence[Write],
) -> Iterator[tuple[str, str]]:
    catalog = analysis.catalog
    if each.kind == "f":
        if any(
            not _exists(analysis, place, (each.target, target), writes)
            for column, target in zip(each.columns, each.target_columns, strict=True)
            if column in given
            for place in given[column].places
        ):
            names = _listed(catalog, write, each.columns)
            yield each.name, f"{catalog.tables[each.target]} may have no such {names}"
    elif each.kind == "c":
        if not _passes(analysis, write, each):
            yield each.name, f"{_listed(catalog, write, each.columns)} is checked"
    elif not is_skipped(write) or _arbiter(write):
        yield each.name, f"{_listed(catalog, write, each.columns)} may overlap"


def _exists(analysis: Analysis, place: Place, target: Key, writes: Sequence[Write]) -> bool:
    """Whether a value is known to stand in the referenced column."""
    node, scope = place
    if not _is_chosen(analysis, place):
        return True  # a column, a literal: nothing that the caller chooses
    number = parameter(node)
    if number is None:
        return False
    root = _root(analysis.catalog, target)
    for part in conjuncts((scope.query["jointree"] or {}).get("quals")):
        if part["_"] != "OPEXPR" or analysis.catalog.operators[part["opno"]] != "=":
            continue
        for left, right in (part["args"], part["args"][::-1]):
            column = stored(analysis, right, scope) if parameter(left) == number else None
            if column is not None and _root(analysis.catalog, column) == root:
                return True
    return any(
        parameter(value) == number
        for write in writes
        if write.verb == INSERT and write.table == target[0]
        for column_number, value in write.targets
        if column_number == target[1]
    )


def _root(catalog: Catalog, key: Key) -> Key:
    seen = {key}
    while (key := catalog.foreign.get(key, key)) not in seen:
        seen.add(key)
    return key


def _passes(analysis: Analysis, write: Write, each: Constraint) -> bool:
    """Whether all texts that the parameter can be are ones that the check allows."""
    column = analysis.catalog.columns[write.table, each.columns[0]]
    return len(each.columns) == 1 and _is_among(analysis, write, each.columns[0], column.choices)


def _is_among(analysis: Analysis, write: Write, number: int, choices: Choices | None) -> bool:
    """Whether a column is given only listed texts; of a parameter's, `param-type` tells."""
    values = [value for each, value in write.targets if each == number]
    possible = [(value, texts(analysis, value, write.scope)) for value in values]
    return choices is not None and all(
        some is not None and (some <= choices or parameter(value) is not None)
        for value, some in possible
    )


def _refused_by_domain(analysis: Analysis, write: Write, number: int) -> Iterator[tuple[str, str]]:
    """The checks of a column's domain."""
    catalog = analysis.catalog
    column = catalog.columns[write.table, number]
    if _is_among(analysis, write, number, catalog.allowed(column.type)):
        return
    for name in catalog.domain_checks(column.type):
        yield name, f"{column.name} is checked by its domain"


def _referrers(
    analysis: Analysis, write: Write, writes: Sequence[Write]
) -> Iterator[tuple[str, str]]:
    """Foreign keys that hold on to a deleted row."""
    if not parameters(write.query):
        return
    catalog = analysis.catalog
    emptied = {each.table for each in writes if each.verb == DELETE}
    pending, seen = [write.table], {write.table}
    while pending:
        for each in catalog.incoming.get(pending.pop(), ()):
            if each.table in emptied - {write.table}:
                continue
            if each.on_delete == "c" and each.table not in seen:
                seen.add(each.table)
                pending.append(each.table)
            elif each.on_delete in _REFUSES_DELETE and not each.is_deferred:
                yield each.name, f"{catalog.tables[each.table]} may still refer to it"
