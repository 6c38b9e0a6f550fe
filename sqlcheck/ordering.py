"""Lists come in an order, and no two rows of them can tie.

Only what is sure is said: where a function, a sub-query or a window decides, nothing is.
"""

from collections.abc import Iterator

from sqlcheck.facts import scope_of
from sqlcheck.finding import Complaint
from sqlcheck.fitting import built_columns
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
from sqlcheck.shapes import arrays
from sqlcheck.tree import CTE, RELATION, SELECT, SUBQUERY, Node, children, walk
from sqlcheck.variants import Variant

_KEEPS_ONE = frozenset(["min", "max"])
"""Aggregates whose result is a value of one row of the group."""


def order_rules(variant: Variant, options: Options) -> Iterator[Complaint]:
    """Lists need an ORDER BY that ends in a unique key: rows, and arrays that go out as built."""
    if options.ordered:
        yield from _rows(variant)
        yield from _arrays(variant)


def _rows(variant: Variant) -> Iterator[Complaint]:
    """`-> list[Row]`, a stream and a copy."""
    query, analysis = variant.tree, variant.analysis
    if not variant.stub.is_many or query["commandType"] != SELECT:
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


def _arrays(variant: Variant) -> Iterator[Complaint]:
    """Arrays inside a column of `Json`."""
    for _, shape, _, _ in built_columns(variant):
        for array in arrays(shape):
            if array.made_by is None:
                continue
            call, scope = array.made_by
            if tie := _collected_tie(variant.analysis, call, scope):
                if call["aggorder"]:
                    told = f"two items can tie: the ORDER BY holds no unique key of {tie}"
                else:
                    told = f"an array is collected from {tie}, and nothing says in which order"
                hint = "end the aggregate in an ORDER BY with a unique key"
                yield Complaint("order", told, hint, variant.offset(call))


def _collected_tie(analysis: Analysis, call: Node, scope: Scope) -> str:
    """The tables of which two rows can stand at the same place of what an aggregate collects."""
    scope = scope.up(call["agglevelsup"])
    query = scope.query
    entries = {entry["ressortgroupref"]: entry for entry in call["args"]}
    keys = [entries[clause["tleSortGroupRef"]]["expr"] for clause in call["aggorder"] or []]
    wanted = {clause["tleSortGroupRef"] for clause in query["groupClause"] or []}
    groups = [each["expr"] for each in query["targetList"] if each["ressortgroupref"] in wanted]
    if query["groupingSets"]:
        return ""
    tied = _tying(analysis, query, scope, [*keys, *groups])
    return " and ".join(f"`{name}`" for name in sorted(set(tied)))


def _tying(analysis: Analysis, query: Node, scope: Scope, keys: list[Node]) -> list[str]:
    """The entries of a level that surely have two rows for one value of the keys."""
    fixed = {
        (node["varno"], node["varattno"])
        for key in keys
        for node in _decisive(analysis, key, scope)
    }
    loose = loose_relations(analysis, query, scope, fixed)
    found: list[str] = []
    for number in loose:
        if number == HOPELESS:
            return []
        entry = scope.entry(number)
        if _is_table(analysis, entry):
            found.append(scope.alias(number))
            continue
        given = {attribute for relation, attribute in fixed if relation == number}
        inner = _tying_inside(analysis, entry, scope, given)
        if not inner:
            return []
        found += inner
    return found


def _tying_inside(analysis: Analysis, entry: Node, scope: Scope, given: set[int]) -> list[str]:
    """The same of a query in the FROM list; nothing where that is not sure."""
    if entry["rtekind"] == SUBQUERY:
        query, around = entry["subquery"], scope
    elif entry["rtekind"] == CTE:
        cte, around = common_table(entry, scope)
        query = cte["ctequery"]
        if cte["cterecursive"]:
            return []
    else:
        return []
    is_plain = query["commandType"] == SELECT and not (
        query["setOperations"]
        or query["hasTargetSRFs"]
        or query["groupClause"]
        or query["groupingSets"]
        or query["distinctClause"]
        or query["hasAggs"]
    )
    if not is_plain:
        return []
    chosen = [entry for entry in query["targetList"] if entry["resno"] in given]
    keys = [key for entry in chosen for key in _numbered_by(query, entry["expr"])]
    return _tying(analysis, query, scope_of(analysis, query, around), keys)


def _numbered_by(query: Node, node: Node) -> list[Node]:
    """What a window sorts its rows by, for a function of it; else the expression itself."""
    if node["_"] != "WINDOWFUNC":
        return [node]
    entries = {entry["ressortgroupref"]: entry["expr"] for entry in query["targetList"]}
    return [
        entries[clause["tleSortGroupRef"]]
        for window in query["windowClause"]
        if window["winref"] == node["winref"]
        for clause in window["orderClause"] or []
    ]


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


def _is_table_of(analysis: Analysis, scope: Scope, number: int) -> bool:
    return _is_table(analysis, scope.entry(number))


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
    if query["groupClause"] or query["distinctClause"]:
        tied = [scope.alias(number) for number in loose if _is_table_of(analysis, scope, number)]
        tied = tied if len(tied) == len(loose) else []
    else:
        tied = _tying(analysis, query, scope, [key["expr"] for key in keys])
    return " and ".join(f"`{name}`" for name in sorted(set(tied)))


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
