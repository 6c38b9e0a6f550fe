"""Where a value comes from: through sub-queries, WITH queries, views, joins and VALUES."""

from collections.abc import Iterator

from sqlcheck.catalog import Choices, Key
from sqlcheck.facts import returning_scope, scope_of
from sqlcheck.scopes import Analysis, Scope, common_table
from sqlcheck.tree import (
    CTE,
    GROUP,
    JOIN,
    RELATION,
    SUBQUERY,
    VALUES,
    Node,
    is_null_constant,
    targets,
    text_of,
    unwrapped,
    walk,
)

Place = tuple[Node, Scope]


def origin(analysis: Analysis, node: Node, scope: Scope) -> Place:
    """The expression behind a column, as far as there is exactly one."""
    while True:
        node = unwrapped(node)
        if node["_"] != "VAR" or node["varattno"] <= 0:
            return node, scope
        behind = _behind(analysis, node, scope)
        if len(behind) != 1:
            return node, scope
        node, scope = behind[0]


def origins(analysis: Analysis, node: Node, scope: Scope) -> list[Place]:
    """The expressions behind a column: every row of VALUES, every part of a UNION."""
    node = unwrapped(node)
    if node["_"] != "VAR" or node["varattno"] <= 0:
        return [(node, scope)]
    behind = _behind(analysis, node, scope)
    if not behind:
        return [(node, scope)]
    return [place for each in behind for place in origins(analysis, *each)]


def _behind(analysis: Analysis, node: Node, scope: Scope) -> list[Place]:
    """One step back."""
    home = scope.up(node["varlevelsup"])
    entry, number = home.entry(node["varno"]), node["varattno"]
    kind = entry["rtekind"]
    if kind == JOIN:
        return [(entry["joinaliasvars"][number - 1], home)]
    if kind == GROUP:
        return [(entry["groupexprs"][number - 1], home)]
    if kind == VALUES:
        return [(row[number - 1], home) for row in entry["values_lists"]]
    inner = _query_of(analysis, entry, home)
    if inner is None:
        return []
    query, around = inner
    columns = list(columns_of(analysis, query, around))
    return [column[number - 1] for column in columns if number <= len(column)]


def _query_of(analysis: Analysis, entry: Node, home: Scope) -> tuple[Node, Scope | None] | None:
    if entry["rtekind"] == SUBQUERY:
        return entry["subquery"], home
    if entry["rtekind"] == CTE:
        cte, around = common_table(entry, home)
        return None if cte["cterecursive"] else (cte["ctequery"], around)
    if entry["rtekind"] == RELATION and (view := analysis.catalog.views.get(entry["relid"])):
        return view, None
    return None


def columns_of(analysis: Analysis, query: Node, around: Scope | None) -> Iterator[list[Place]]:
    """The result columns of a query, once for each part of a set operation."""
    scope = returning_scope(analysis, query, around)
    if query["setOperations"]:
        for leaf in walk(query["setOperations"]):
            if leaf["_"] == "RANGETBLREF":
                part = scope.entry(leaf["rtindex"])["subquery"]
                yield from columns_of(analysis, part, scope)
    else:
        yield [(target["expr"], scope) for target in targets(query)]


def results(analysis: Analysis, query: Node) -> list[list[Place]]:
    """For each result column of a statement, the expressions that it is."""
    return [list(column) for column in zip(*columns_of(analysis, query, None), strict=True)]


def stored(analysis: Analysis, node: Node, scope: Scope) -> Key | None:
    """The table column that an expression is."""
    node, scope = origin(analysis, node, scope)
    if node["_"] != "VAR" or node["varattno"] <= 0:
        return None
    entry = scope.up(node["varlevelsup"]).entry(node["varno"])
    return (entry["relid"], node["varattno"]) if entry["rtekind"] == RELATION else None


def texts(analysis: Analysis, node: Node, scope: Scope) -> Choices | None:
    """The texts that an expression can be, NULL aside; None where that is open."""
    found: set[str] = set()
    for place in origins(analysis, node, scope):
        part = _texts(analysis, *place)
        if part is None:
            return None
        found |= part
    return frozenset(found)


def _texts(analysis: Analysis, node: Node, scope: Scope) -> Choices | None:
    if is_null_constant(node):
        return frozenset()
    kind = node["_"]
    if kind in ("CASEEXPR", "COALESCEEXPR"):
        if kind == "CASEEXPR":
            branches = [*(branch["result"] for branch in node["args"]), node["defresult"]]
        else:
            branches = node["args"]
        parts = [texts(analysis, branch, scope) for branch in branches if branch]
        known = [part for part in parts if part is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None
    if kind == "PARAM" and node["paramkind"] == 0:
        return analysis.spoken.get(node["paramid"])
    if kind == "VAR":
        column = stored(analysis, node, scope)
        return _stored_texts(analysis, column) if column else None
    text = text_of(node)
    return None if text is None else frozenset([text])


def _stored_texts(analysis: Analysis, key: Key) -> Choices | None:
    column = analysis.catalog.columns[key]
    allowed = analysis.catalog.allowed(column.type)
    return column.choices if allowed is None else allowed


def levels(analysis: Analysis, query: Node, parent: Scope | None = None) -> Iterator[Place]:
    """Every query level with its scope, outermost first."""
    scope = scope_of(analysis, query, parent)
    yield query, scope
    for node in walk(query, into_queries=False):
        for value in node.values():
            if isinstance(value, dict) and value["_"] == "QUERY":
                yield from levels(analysis, value, scope)
