"""Tenancy: on a tenant's table, every statement pins the tenant."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlcheck.facts import scope_of
from sqlcheck.finding import Complaint
from sqlcheck.rows import Column, conditions, equalities, ungrouped
from sqlcheck.scopes import Analysis, Scope, common_table
from sqlcheck.session import Options
from sqlcheck.tree import CTE, INSERT, RELATION, SELECT, SUBQUERY, Node, targets, unwrapped, walk
from sqlcheck.variants import Variant
from sqlcheck.writing import writes_of


@dataclass(frozen=True, slots=True)
class _Tenants:
    """The tenants' tables, each with the number of its tenant column."""

    analysis: Analysis
    column: str
    stores: dict[int, int]


def tenancy_rules(variant: Variant, options: Options) -> Iterator[Complaint]:
    """Every table of a tenant is tied to a parameter, or to a joined table's tenant column."""
    if not options.tenant_column:
        return
    catalog = variant.analysis.catalog
    stores = {
        table: number
        for table, comment in catalog.comments.items()
        if comment.startswith(options.tenant_comment)
        for number in catalog.columns_of[table]
        if catalog.columns[table, number].name == options.tenant_column
    }
    tenants = _Tenants(variant.analysis, options.tenant_column, stores)
    inside = {id(query) for _, scope in variant.levels for query in _inner_queries(scope)}
    loose = {
        table
        for query, scope in variant.levels
        if id(query) not in inside
        for table in _untied(tenants, query, scope, frozenset())
    }
    for table in sorted(catalog.tables[each] for each in loose):
        told = f"`{table}` is kept by tenant, but {options.tenant_column} is not pinned here"
        hint = f"compare {table}.{options.tenant_column} with a parameter or a joined table's"
        yield Complaint("tenant", told, hint, about=table)
    for write in writes_of(variant.levels):
        is_store = write.verb == INSERT and write.table in stores
        if is_store and stores[write.table] not in dict(write.targets):
            told = f"INSERT into `{catalog.tables[write.table]}` without its tenant"
            yield Complaint("tenant", told, f"give {options.tenant_column}")


def _inner_queries(scope: Scope) -> Iterator[Node]:
    """The queries in the FROM list of a level, which are looked into from there."""
    for entry in scope.rtable:
        found = _query_of(entry, scope)
        if found is not None:
            yield found[0]


def _query_of(entry: Node, scope: Scope) -> tuple[Node, Scope] | None:
    """The query that an entry of the FROM list is, where what holds outside holds inside."""
    if entry["rtekind"] == SUBQUERY:
        return entry["subquery"], scope
    if entry["rtekind"] == CTE:
        cte, home = common_table(entry, scope)
        if not cte["cterecursive"] and cte["ctequery"]["commandType"] == SELECT:
            return cte["ctequery"], home
    return None


def _untied(tenants: _Tenants, query: Node, scope: Scope, given: frozenset[int]) -> set[int]:
    """The tenants' tables that nothing ties, when some result columns are pinned from outside."""
    if query["setOperations"]:
        leaves = [node for node in walk(query["setOperations"]) if node["_"] == "RANGETBLREF"]
        return {
            table for leaf in leaves for table in _inside(tenants, scope, leaf["rtindex"], given)
        }
    if not query["jointree"]:
        return set()
    # what LIMIT and windows look at, they look at before anything outside chooses
    is_cut = query["limitCount"] or query["limitOffset"] or query["hasWindowFuncs"]
    pinned: set[Column] = set() if is_cut else _columns(query, scope, given)
    pairs = list(equalities(tenants.analysis, conditions(query)))
    numbers = {
        node["rtindex"]
        for node in walk(query["jointree"], into_queries=False)
        if node["_"] == "RANGETBLREF"
    }
    while True:
        loose = {number: _inside(tenants, scope, number, _of(pinned, number)) for number in numbers}
        more = {
            column for column, value in pairs if _ties(tenants, scope, value, pinned, loose)
        } - pinned
        if not more:
            return set().union(*loose.values()) if loose else set()
        pinned |= more


def _of(pinned: set[Column], number: int) -> frozenset[int]:
    return frozenset(attribute for relation, attribute in pinned if relation == number)


def _columns(query: Node, scope: Scope, given: frozenset[int]) -> set[Column]:
    """The columns behind some result columns."""
    found = set()
    for entry in targets(query):
        node = unwrapped(ungrouped(unwrapped(entry["expr"]), scope))
        if entry["resno"] in given and node["_"] == "VAR" and not node["varlevelsup"]:
            found.add((node["varno"], node["varattno"]))
    return found


def _inside(tenants: _Tenants, scope: Scope, number: int, pinned: frozenset[int]) -> set[int]:
    """The tables that are loose in an entry of the FROM list, some of its columns being pinned."""
    entry = scope.entry(number)
    if entry["rtekind"] == RELATION:
        relation = entry["relid"]
        if relation in tenants.stores:
            return set() if tenants.stores[relation] in pinned else {relation}
        view = tenants.analysis.catalog.views.get(relation)
        if view is None:
            return set()
        return _untied(tenants, view, scope_of(tenants.analysis, view), pinned)
    found = _query_of(entry, scope)
    if found is None:
        return set()
    query, parent = found
    return _untied(tenants, query, scope_of(tenants.analysis, query, parent), pinned)


def _ties(
    tenants: _Tenants,
    scope: Scope,
    value: Node | Column,
    pinned: set[Column],
    loose: dict[int, set[int]],
) -> bool:
    """Whether what a column equals is a tenant that is given, or that of a table that is tied."""
    if isinstance(value, tuple):
        is_tenant = _named(scope, *value) == tenants.column
        return value in pinned or (is_tenant and not loose.get(value[0]))
    return any(
        node["_"] == "PARAM"
        or (
            node["_"] == "VAR"
            and node["varlevelsup"] > 0
            and _named(scope.up(node["varlevelsup"]), node["varno"], node["varattno"])
            == tenants.column
        )
        for node in walk(value, into_queries=False)
    )


def _named(scope: Scope, number: int, attribute: int) -> str:
    """The name of a column, where it has one."""
    names = scope.entry(number)["eref"]["colnames"]
    return str(names[attribute - 1]) if 0 < attribute <= len(names) else ""
