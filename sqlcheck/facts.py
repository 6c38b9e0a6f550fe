"""What a condition proves: columns that are not NULL where it holds, joins that matched."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlcheck.catalog import Catalog, Key
from sqlcheck.scopes import Analysis, Facts, Scope
from sqlcheck.tree import FULL, INNER, LEFT, RIGHT, SELECT, Node, is_null_constant

TRANSPARENT = frozenset(
    [
        "RELABELTYPE",
        "COERCEVIAIO",
        "ARRAYCOERCEEXPR",
        "CONVERTROWTYPEEXPR",
        "COLLATEEXPR",
        "COERCETODOMAIN",
    ]
)
PARAMETER = -2
"""Stands for the relation in the key of a parameter."""
MATCHED = -1
"""Stands for the relation in the key of an outer join that matched."""
_ANY_SUBLINK = 2
_EXISTS = 0
_IS_NULL, _IS_NOT_NULL = 0, 1
_IS_TRUE, _IS_NOT_TRUE, _IS_FALSE, _IS_NOT_FALSE, _IS_UNKNOWN, _IS_KNOWN = range(6)


def strict(catalog: Catalog, node: Node, level: int = 0) -> Facts:
    """The columns that make this expression NULL when they are."""
    kind = node["_"]
    if kind == "VAR":
        if node["varlevelsup"] != level:
            return {}
        return {(node["varno"], node["varattno"]): frozenset(node["varnullingrels"])}
    if kind == "PARAM":
        return {(PARAMETER, node["paramid"]): frozenset()} if node["paramkind"] == 0 else {}
    if kind in TRANSPARENT:
        return strict(catalog, node["arg"], level)
    if kind in ("OPEXPR", "FUNCEXPR") and catalog.function_of(node).is_strict:
        return _all(strict(catalog, arg, level) for arg in node["args"] or [])
    return {}


def forced(catalog: Catalog, node: Node | None, level: int = 0, *, truth: bool = True) -> Facts:
    """The columns that cannot be NULL where the condition is true (or is false)."""
    if node is None:
        return {}
    handler = _HANDLERS.get(node["_"])
    return handler(catalog, node, level, truth) if handler else strict(catalog, node, level)


def _all(parts: Iterable[Facts]) -> Facts:
    return {key: through for part in parts for key, through in part.items()}


def _each(parts: Iterable[Facts]) -> Facts:
    first, *others = parts
    return {key: first[key] for key in first if all(key in other for other in others)}


def _boolean(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    if node["boolop"] == "not":
        return forced(catalog, node["args"][0], level, truth=not truth)
    parts = [forced(catalog, arg, level, truth=truth) for arg in node["args"]]
    return _all(parts) if (node["boolop"] == "and") is truth else _each(parts)


def _null_test(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    proves = _IS_NOT_NULL if truth else _IS_NULL
    if node["argisrow"] or node["nulltesttype"] != proves:
        return {}
    return strict(catalog, node["arg"], level)


def _boolean_test(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    test = node["booltesttype"]
    if test == (_IS_TRUE if truth else _IS_NOT_TRUE):
        return forced(catalog, node["arg"], level)
    if test == (_IS_FALSE if truth else _IS_NOT_FALSE):
        return forced(catalog, node["arg"], level, truth=False)
    return (
        strict(catalog, node["arg"], level) if test == (_IS_KNOWN if truth else _IS_UNKNOWN) else {}
    )


def _array_test(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    """An empty array decides by itself, whatever stands before ANY or ALL."""
    if not catalog.function_of(node).is_strict:
        return {}
    left, array = node["args"]
    if node["useOr"] and truth:
        return _all([strict(catalog, left, level), strict(catalog, array, level)])
    if array["_"] == "ARRAYEXPR" and array["elements"] and not array["multidims"]:
        return strict(catalog, left, level)
    return {}


def _sub_query(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    query = node["subselect"]
    if not truth or node["subLinkType"] not in (_EXISTS, _ANY_SUBLINK):
        return {}
    found: Facts = {}
    if query["commandType"] == SELECT and not (
        query["hasAggs"] or query["groupingSets"] or query["setOperations"]
    ):
        found |= forced(catalog, query["jointree"]["quals"], level + 1)
    if node["subLinkType"] == _ANY_SUBLINK and node["testexpr"]:
        found |= strict(catalog, node["testexpr"], level)
    return found


def _coalesce(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    decided = bytes([not truth])
    possible = [
        arg
        for arg in node["args"]
        if not is_null_constant(arg)
        and not (arg["_"] == "CONST" and (arg["constvalue"] or b"")[:1] == decided)
    ]
    if not possible:
        return {}
    return _each(forced(catalog, arg, level, truth=truth) for arg in possible)


def _distinct(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    left, right = node["args"]
    if not truth:  # the same as a literal that is not NULL
        if right["_"] == "CONST" and not right["constisnull"]:
            return strict(catalog, left, level)
        return {}
    return strict(catalog, left, level) if is_null_constant(right) else {}


def _row_comparison(catalog: Catalog, node: Node, level: int, truth: bool) -> Facts:
    first = (node["largs"][0], node["rargs"][0])
    return _all(strict(catalog, side, level) for side in first)


_HANDLERS = {
    "BOOLEXPR": _boolean,
    "NULLTEST": _null_test,
    "BOOLEANTEST": _boolean_test,
    "SCALARARRAYOPEXPR": _array_test,
    "SUBLINK": _sub_query,
    "COALESCEEXPR": _coalesce,
    "DISTINCTEXPR": _distinct,
    "ROWCOMPAREEXPR": _row_comparison,
}


def proven(analysis: Analysis, condition: Node | None, scope: Scope) -> frozenset[Key]:
    """`forced`, and (MATCHED, join) for each outer join that the condition shows to match."""
    facts = forced(analysis.catalog, condition)
    found, matched = set(facts), set[int]()
    while new := _matching(facts, scope) - matched:  # what matched says what its condition says
        matched |= new
        facts = _all(forced(analysis.catalog, scope.joins[join]["quals"]) for join in new)
        found |= facts.keys()
    return frozenset(found) | {(MATCHED, join) for join in matched}


def _matching(facts: Facts, scope: Scope) -> set[int]:
    """The one-sided outer joins that these columns were looked at through."""
    joins = {join for through in facts.values() for join in through if join in scope.joins}
    return {join for join in joins if scope.joins[join]["jointype"] != FULL}


def refuted(catalog: Catalog, test: Node) -> frozenset[Key]:
    """What is not NULL once a test was not passed; only of tests that are never NULL themselves."""
    if test["_"] == "NULLTEST":
        return frozenset(forced(catalog, test, truth=False))
    if test["_"] == "BOOLEXPR" and test["boolop"] == "or":
        return frozenset().union(*(refuted(catalog, arg) for arg in test["args"]))
    if test["_"] == "BOOLEXPR" and test["boolop"] == "not" and test["args"][0]["_"] == "NULLTEST":
        return frozenset(forced(catalog, test["args"][0]))
    return frozenset()


def scope_of(analysis: Analysis, query: Node, parent: Scope | None = None) -> Scope:
    """The level of a query, with what its WHERE and its joins prove."""
    known = analysis.scopes.get((id(query), False))
    if known is None:
        known = Scope(query, parent, query["rtable"] or [])
        analysis.scopes[id(query), False] = known
        analysis.queries.append(query)
        _learn(analysis.catalog, known)
    return known


def returning_scope(analysis: Analysis, query: Node, parent: Scope | None = None) -> Scope:
    """The level as RETURNING sees it: after the write."""
    if query["commandType"] == SELECT:
        return scope_of(analysis, query, parent)
    known = analysis.scopes.get((id(query), True))
    if known is None:
        before = scope_of(analysis, query, parent)
        known = replace(before, assigned=_assigned(query))
        analysis.scopes[id(query), True] = known
    return known


def _assigned(query: Node) -> Mapping[int, Node]:
    entries = [entry for entry in query["targetList"] or [] if not entry["resjunk"]]
    return {entry["resno"]: entry["expr"] for entry in entries}


def relations_of(node: Node) -> set[int]:
    """The entries of the FROM list under a join."""
    if node["_"] == "RANGETBLREF":
        return {node["rtindex"]}
    return relations_of(node["larg"]) | relations_of(node["rarg"])


def _learn(catalog: Catalog, scope: Scope) -> None:
    tree = scope.query["jointree"]
    if tree is None:
        return
    for item in tree["fromlist"] or []:
        _visit(catalog, scope, item, at_top=True)
    _accept(scope, forced(catalog, tree["quals"]), certain=True)
    _accept(scope, forced(catalog, scope.query["havingQual"]), certain=True)
    seen: set[int] = set()
    while new := scope.kept - seen:  # an outer join that always matches filters like an inner one
        seen |= new
        for join in new:
            _accept(scope, forced(catalog, scope.joins[join]["quals"]), certain=True)


def _visit(catalog: Catalog, scope: Scope, node: Node, *, at_top: bool) -> None:
    if node["_"] != "JOINEXPR":
        return
    kind = node["jointype"]
    scope.joins[node["rtindex"]] = node
    _visit(catalog, scope, node["larg"], at_top=at_top and kind in (INNER, LEFT))
    _visit(catalog, scope, node["rarg"], at_top=at_top and kind in (INNER, RIGHT))
    if kind == FULL:
        return
    facts = forced(catalog, node["quals"])
    if kind in (LEFT, RIGHT):  # proves nothing of the side that is kept anyway
        side = relations_of(node["rarg" if kind == LEFT else "larg"])
        facts = {key: through for key, through in facts.items() if key[0] in side}
    _accept(scope, facts, certain=at_top and kind == INNER)


def _accept(scope: Scope, facts: Facts, *, certain: bool) -> None:
    scope.matched |= facts.keys()
    if certain:
        scope.certain |= facts.keys()
        scope.kept |= _matching(facts, scope)
