"""Lists come in an order, and no two rows of them can tie.

Only what is sure is said: where a function, a sub-query or a window decides, nothing is.
"""

from collections.abc import Iterator

from sqlcheck.facts import scope_of
from sqlcheck.finding import Complaint
from sqlcheck.rows import (
    HOPELESS,
    at_most_one,
    is_single,
    loose_relations,
    own_columns,
    ungrouped,
)
from sqlcheck.scopes import Analysis, Scope, common_table
from sqlcheck.session import Options
from sqlcheck.tree import CTE, RELATION, SELECT, SUBQUERY, Node, children, walk
from sqlcheck.variants import Variant

_KEEPS_ONE = frozenset(["min", "max"])
"""Aggregates whose result is a value of one row of the group."""


def order_rules(variant: Variant, options: Options) -> Iterator[Complaint]:
    """`-> list[Row]`, a stream and a copy need an ORDER BY that ends in a unique key."""
    query, analysis = variant.tree, variant.analysis
    if not options.ordered or not variant.stub.is_many or query["commandType"] != SELECT:
        return
    if not query["sortClause"]:
        limited = query["limitCount"] or query["limitOffset"]  # has a code of its own
        if not limited and _is_many(analysis, query, None):
            told = f"{variant.stub.name} returns a list, and nothing says in which order"
            yield Complaint("order", told, "add an ORDER BY that ends in a unique key")
    elif tie := _tie(analysis, query):
        told = f"two rows can tie: the ORDER BY holds no unique key of {tie}"
        last = _sorted(query)[-1]
        yield Complaint("order", told, "end it in a unique key", variant.offset(last["expr"]))


def _sorted(query: Node) -> list[Node]:
    """The entries of the target list that are sorted by, in their order."""
    entries = {entry["ressortgroupref"]: entry for entry in query["targetList"]}
    return [entries[clause["tleSortGroupRef"]] for clause in query["sortClause"]]


def _is_many(analysis: Analysis, query: Node, parent: Scope | None) -> bool:
    """Whether a query surely returns more than one row of some table."""
    if query["commandType"] != SELECT or query["hasTargetSRFs"]:
        return False
    if at_most_one(analysis, query, parent):
        return False
    scope = scope_of(analysis, query, parent)
    if query["setOperations"]:
        leaves = [node for node in walk(query["setOperations"]) if node["_"] == "RANGETBLREF"]
        return any(_entry_is_many(analysis, leaf["rtindex"], scope) for leaf in leaves)
    loose = loose_relations(analysis, query, scope, set()) - {HOPELESS}
    return any(_entry_is_many(analysis, number, scope) for number in loose)


def _entry_is_many(analysis: Analysis, number: int, scope: Scope) -> bool:
    entry = scope.entry(number)
    if entry["rtekind"] == SUBQUERY:
        return _is_many(analysis, entry["subquery"], scope)
    if entry["rtekind"] == CTE:
        cte, home = common_table(entry, scope)
        return not cte["cterecursive"] and _is_many(analysis, cte["ctequery"], home)
    return _is_table(analysis, entry)


def _is_table(analysis: Analysis, entry: Node) -> bool:
    return entry["rtekind"] == RELATION and entry["relid"] in analysis.catalog.tables


def _tie(analysis: Analysis, query: Node) -> str:
    """The tables of which two rows can stand at the same place; "" where that is not sure."""
    sure = not (query["setOperations"] or query["hasTargetSRFs"] or query["groupingSets"])
    keys = _sorted(query)
    if not sure or any(node["_"] == "WINDOWFUNC" for key in keys for node in walk(key)):
        return ""
    visible = [{**entry, "resjunk": False} for entry in query["targetList"]]
    given = frozenset(key["resno"] for key in keys)
    if at_most_one(analysis, {**query, "targetList": visible, "limitCount": None}, None, given):
        return ""
    scope = scope_of(analysis, query)
    fixed = {
        (node["varno"], node["varattno"])
        for key in keys
        for node in _decisive(analysis, ungrouped(key["expr"], scope), scope)
    }
    loose = loose_relations(analysis, query, scope, fixed)
    if is_single(query, scope, loose) or HOPELESS in loose:
        return ""
    if query["groupClause"] and not _grouped_relations(query, scope) <= loose:
        return ""  # a key, and labels that usually go with it
    if not all(_is_table(analysis, scope.entry(number)) for number in loose):
        return ""
    return " and ".join(f"`{scope.alias(number)}`" for number in sorted(loose))


def _grouped_relations(query: Node, scope: Scope) -> set[int]:
    wanted = {clause["tleSortGroupRef"] for clause in query["groupClause"]}
    return {
        column["varno"]
        for entry in query["targetList"]
        if entry["ressortgroupref"] in wanted
        for column in own_columns(ungrouped(entry["expr"], scope))
    }


def _decisive(analysis: Analysis, node: Node, scope: Scope) -> Iterator[Node]:
    """The columns that an expression may decide on, with the benefit of the doubt."""
    node = ungrouped(node, scope)
    if node["_"] == "AGGREF":
        name = analysis.catalog.functions[node["aggfnoid"]].name
        if name not in _KEEPS_ONE:
            return
    if node["_"] == "VAR":
        yield from own_columns(node)
        return
    for child in children(node):
        yield from _decisive(analysis, child, scope)
