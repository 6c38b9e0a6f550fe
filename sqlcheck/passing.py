"""What a call makes of NULL: a reason of its own, or the arguments whose NULL it passes on."""

from sqlcheck import functions
from sqlcheck.catalog import Catalog, Function
from sqlcheck.scopes import Scope
from sqlcheck.tree import SELECT, SUBQUERY, Node

Verdict = str | list[Node]

_FRAME_STARTS_HERE = 0x20 | 0x200 | 0x800
_FRAME_ENDS_HERE = 0x400 | 0x100 | 0x4000
_FRAME_LEAVES_OUT = 0x8000 | 0x10000
"""Bits of a window's frame: it begins at or before the current row, ends at or after, skips it."""


def call(catalog: Catalog, node: Node) -> Verdict:
    """A function or an operator."""
    function = catalog.function_of(node)
    if function.is_strict and function.is_total:
        return node["args"] or []
    if not function.is_builtin:
        return f"function {function.name}() may return NULL"
    if function.name in functions.NEVER_NULL:
        return []
    if not _maps_to_null(function) and (
        function.is_strict or function.name in functions.PASSES_NULL
    ):
        return node["args"] or []
    return f"{function.name}() may return NULL"


def _maps_to_null(function: Function) -> bool:
    return (function.source or function.name) in functions.MAY_BE_NULL or (
        function.name.startswith(functions.CATALOG_LOOKUPS)
    )


def aggregate(catalog: Catalog, node: Node, scope: Scope) -> Verdict:
    """An aggregate."""
    function, query = catalog.functions[node["aggfnoid"]], scope.up(node["agglevelsup"]).query
    name = function.name
    if function.is_builtin and name in functions.RANKS:
        return []
    if not function.is_builtin or name not in functions.IF_ROWS | functions.COLLECTS:
        return f"{name}() may return NULL"
    if why := _no_rows(query, node):
        return f"{name}() {why}"
    if name in functions.COLLECTS:
        return []
    return [*(each["expr"] for each in node["args"] or []), *(node["aggdirectargs"] or [])]


def _no_rows(query: Node, node: Node) -> str:
    if not query["groupClause"]:
        return "of no rows is NULL"
    if query["groupingSets"]:
        return "over an empty grouping set is NULL"
    return "FILTER may leave no rows" if node["aggfilter"] else ""


def window(catalog: Catalog, node: Node, scope: Scope) -> Verdict:
    """A window function."""
    function = catalog.functions[node["winfnoid"]]
    name, args = function.name, node["args"] or []
    if not function.is_builtin:
        return f"{name}() may return NULL"
    if name in functions.RANKS:
        return []
    if name in ("lag", "lead") and len(args) < 3:
        return f"{name}() has no row before the first or after the last"
    if name in ("lag", "lead", "ntile"):
        return list(args)
    if name in functions.FRAMED and _holds_current_row(node, scope) and not node["aggfilter"]:
        return [] if name in functions.COLLECTS else list(args)
    return f"{name}() may return NULL"


def _holds_current_row(node: Node, scope: Scope) -> bool:
    for each in scope.query["windowClause"]:
        if each["winref"] == node["winref"]:
            frame = each["frameOptions"]
            inside = frame & _FRAME_STARTS_HERE and frame & _FRAME_ENDS_HERE
            return bool(inside) and not frame & _FRAME_LEAVES_OUT
    return False


def exactly_one_row(query: Node) -> bool:
    """An aggregate without GROUP BY, or a SELECT from nothing or from such queries: one row."""
    if query["commandType"] != SELECT or query["setOperations"] or query["havingQual"]:
        return False
    if query["limitCount"] or query["limitOffset"] or query["hasTargetSRFs"]:
        return False
    if query["groupClause"] or query["groupingSets"]:
        return False
    tree = query["jointree"]
    if query["hasAggs"]:
        return True
    return not tree["quals"] and all(_is_one(query, item) for item in tree["fromlist"] or [])


def _is_one(query: Node, item: Node) -> bool:
    """Whether an item of the FROM list is exactly one row."""
    if item["_"] != "RANGETBLREF":
        return False
    entry = query["rtable"][item["rtindex"] - 1]
    return entry["rtekind"] == SUBQUERY and exactly_one_row(entry["subquery"])
