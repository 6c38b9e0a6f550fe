"""Why may this result column be NULL?

Works on PostgreSQL's own analysed query, so names, types, operators, views and join scoping are
the server's. Each Var already carries the outer joins that can blank it (`varnullingrels`); what is
left is to know which expressions make NULL. The answer is a reason in words, or None for "never".
"""

from collections.abc import Callable, Iterable

from sqlcheck import functions
from sqlcheck.catalog import Column, Key
from sqlcheck.facts import (
    MATCHED,
    PARAMETER,
    TRANSPARENT,
    proven,
    refuted,
    returning_scope,
    scope_of,
)
from sqlcheck.origins import columns_of, origins
from sqlcheck.passing import Verdict, aggregate, call, exactly_one_row, window
from sqlcheck.scopes import Analysis, Reason, Scope, common_table
from sqlcheck.tree import (
    CTE,
    DELETE,
    FULL,
    FUNCTION,
    GROUP,
    INSERT,
    JOIN,
    LEFT,
    MERGE,
    RELATION,
    RESULT,
    RIGHT,
    SELECT,
    SUBQUERY,
    UPDATE,
    VALUES,
    Node,
    is_null_constant,
    targets,
    type_of,
    walk,
)

Known = frozenset[Key]
"""What the branch of a CASE or a FILTER adds to the facts of its level."""

NOTHING: Known = frozenset()
_OLD, _NEW = 1, 2
_BY_SOURCE = 1
_JOINS = {LEFT: "LEFT", FULL: "FULL", RIGHT: "RIGHT"}
_UNION, _EXCEPT = 1, 3


def outputs(analysis: Analysis, query: Node, parent: Scope | None = None) -> list[Reason]:
    """For each result column of a query, why it may be NULL."""
    known = analysis.outputs.get(id(query))
    if known is None:
        scope = returning_scope(analysis, query, parent)
        if query["setOperations"]:
            known = _set_operation(analysis, query["setOperations"], scope)
        else:
            known = [why(analysis, target["expr"], scope) for target in targets(query)]
        if not analysis.assumed:
            analysis.outputs[id(query)] = known
    return known


def _set_operation(analysis: Analysis, node: Node, scope: Scope) -> list[Reason]:
    if node["_"] == "RANGETBLREF":
        return outputs(analysis, scope.entry(node["rtindex"])["subquery"], scope)
    left = _set_operation(analysis, node["larg"], scope)
    right = _set_operation(analysis, node["rarg"], scope)
    if node["op"] == _UNION:
        return [one or other for one, other in zip(left, right, strict=True)]
    if node["op"] == _EXCEPT:
        return left
    return [one and other for one, other in zip(left, right, strict=True)]


def _common(analysis: Analysis, entry: Node, scope: Scope) -> list[Reason]:
    cte, home = common_table(entry, scope)
    if not cte["cterecursive"]:
        return outputs(analysis, cte["ctequery"], home)
    if id(cte) in analysis.assumed:
        return analysis.assumed[id(cte)]
    guess: list[Reason] = [None] * len(cte["ctecolnames"])
    while True:
        analysis.assumed[id(cte)] = guess
        found = outputs(analysis, cte["ctequery"], home)
        del analysis.assumed[id(cte)]
        if [reason is None for reason in found] == [reason is None for reason in guess]:
            return found
        guess = found


def why(analysis: Analysis, node: Node, scope: Scope, known: Known = NOTHING) -> Reason:
    """Why an expression may be NULL."""
    kind = node["_"]
    if kind in functions.NEVER_NULL_NODES:
        return None
    if kind in TRANSPARENT:
        return why(analysis, node["arg"], scope, known)
    handler = _HANDLERS.get(kind)
    return handler(analysis, node, scope, known) if handler else f"{kind.lower()} may be NULL"


def _first(analysis: Analysis, nodes: Iterable[Node] | None, scope: Scope, known: Known) -> Reason:
    reasons = (why(analysis, node, scope, known) for node in nodes or [])
    return next((reason for reason in reasons if reason), None)


# ---- columns ----


def _var(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    key = (node["varno"], node["varattno"])
    home = scope.up(node["varlevelsup"])
    if _is_written(node, home) and _may_differ(analysis, node, home):
        return _assigned(analysis, node, home)
    if key in home.certain or (home is scope and key in known):
        return None
    blanked = _blanked(node, home, known if home is scope else NOTHING)
    blanked = blanked or _absent(node, home)
    if blanked or key in home.matched:
        return blanked
    return column(analysis, home.entry(node["varno"]), node["varattno"], home)


def _blanked(node: Node, home: Scope, known: Known) -> Reason:
    """The outer join or the grouping set that may blank the column."""
    through = set(node["varnullingrels"]) - home.kept
    through -= {join for mark, join in known if mark == MATCHED}
    for each in sorted(through):
        entry = home.entry(each)
        if entry["rtekind"] == GROUP:
            return "a grouping set leaves it out"
        if entry["rtekind"] == JOIN:
            return f"the {_JOINS[entry['jointype']]} JOIN may find no `{home.alias(node['varno'])}`"
    return None


def _absent(node: Node, home: Scope) -> Reason:
    """Rows that are not there in what RETURNING sees."""
    verb, side = home.query["commandType"], node["varreturningtype"]
    if verb == MERGE and node["varno"] != home.query["resultRelation"]:
        actions = home.query["mergeActionList"]
        if any(action["matchKind"] == _BY_SOURCE for action in actions):
            return "WHEN NOT MATCHED BY SOURCE leaves no source row"
    absent = {INSERT: _OLD, DELETE: _NEW, MERGE: side}.get(verb)
    if side and side == absent:
        return f"there is no {'old' if side == _OLD else 'new'} row"
    return None


def _is_written(node: Node, home: Scope) -> bool:
    return (
        home.assigned is not None
        and node["varno"] == home.query["resultRelation"]
        and node["varreturningtype"] != _OLD
        and home.query["commandType"] in (INSERT, UPDATE)
    )


def _may_differ(analysis: Analysis, node: Node, home: Scope) -> bool:
    """Whether a column may be another than the one that WHERE saw."""
    key = (home.entry(node["varno"])["relid"], node["varattno"])
    if key[1] in (home.assigned or {}) or key[0] in analysis.catalog.triggered:
        return True
    found = analysis.catalog.columns.get(key)
    return found is not None and found.generated is not None


def _assigned(analysis: Analysis, node: Node, home: Scope) -> Reason:
    """A written column as RETURNING sees it: what it was set to, unless a trigger may differ."""
    entry, number = home.entry(node["varno"]), node["varattno"]
    reason = column(analysis, entry, number, home)
    if reason is None or entry["relid"] in analysis.catalog.triggered:
        return reason
    conflict = home.query["onConflict"]
    if entry["relid"] in analysis.catalog.views or (conflict and conflict["onConflictSet"]):
        return reason
    before = scope_of(analysis, home.query, home.parent)
    expression = (home.assigned or {}).get(number, {"_": "SETTODEFAULT"})
    return reason if expression["_"] == "SETTODEFAULT" else why(analysis, expression, before)


def column(analysis: Analysis, entry: Node, number: int, scope: Scope) -> Reason:
    """Why a column of an entry of the FROM list may be NULL by itself."""
    if number <= 0:
        return None
    handler = _ENTRIES.get(entry["rtekind"])
    return handler(analysis, entry, number, scope) if handler else "it may be NULL"


def _of_relation(analysis: Analysis, entry: Node, number: int, _: Scope) -> Reason:
    if view := analysis.catalog.views.get(entry["relid"]):
        return outputs(analysis, view)[number - 1]
    found = analysis.catalog.columns[entry["relid"], number]
    if found.not_null:
        return None
    if found.generated and not _generated(analysis, found, entry["relid"]):
        return None
    return f"column {found.spelled} is nullable"


def _generated(analysis: Analysis, found: Column, relation: int) -> Reason:
    entry = {"rtekind": RELATION, "relid": relation, "eref": {"aliasname": found.table}}
    query = {"rtable": [entry], "commandType": SELECT}
    assert found.generated
    return why(analysis, found.generated, Scope(query, None, [entry]))


def _of_join(analysis: Analysis, entry: Node, number: int, scope: Scope) -> Reason:
    merged = entry["joinaliasvars"][number - 1]
    if entry["jointype"] == FULL and merged["_"] == "COALESCEEXPR":
        return _first(analysis, merged["args"], scope, NOTHING)  # either side may be absent
    return why(analysis, merged, scope)


def _of_values(analysis: Analysis, entry: Node, number: int, scope: Scope) -> Reason:
    return _first(analysis, (row[number - 1] for row in entry["values_lists"]), scope, NOTHING)


def _of_function(analysis: Analysis, entry: Node, number: int, scope: Scope) -> Reason:
    calls = entry["functions"]
    if entry["funcordinality"] and number > sum(each["funccolcount"] for each in calls):
        return None
    reason = f"function `{entry['eref']['aliasname']}` may return NULL"
    expressions = [each["funcexpr"] for each in calls]
    if any(each["_"] != "FUNCEXPR" for each in expressions):
        return reason
    if any(each["funccolcount"] != 1 for each in calls):
        function = analysis.catalog.function_of(expressions[0])
        known = functions.COLUMNS_NEVER_NULL.get(function.name, ())
        is_known = len(calls) == 1 and function.is_builtin and number in known
        return None if is_known else reason
    names = {analysis.catalog.function_of(each).name for each in expressions}
    if len(calls) > 1 and names != {"unnest"}:  # arrays side by side are trusted to be as long
        return "the shorter of several sets is padded with NULL"
    one = expressions[number - 1]
    if analysis.catalog.function_of(one).returns_set:
        return _set_of(analysis, one, scope)
    return why(analysis, one, scope)


def _set_of(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    function = analysis.catalog.function_of(node)
    if function.is_builtin and function.name == "unnest":
        return elements(analysis, node["args"][0], scope)
    if function.is_builtin and function.name in functions.ROWS_NEVER_NULL:
        return None
    return f"{function.name}() may return NULL"


_ENTRIES: dict[int, Callable[[Analysis, Node, int, Scope], Reason]] = {
    RELATION: _of_relation,
    SUBQUERY: lambda analysis, entry, number, scope: outputs(analysis, entry["subquery"], scope)[
        number - 1
    ],
    JOIN: _of_join,
    CTE: lambda analysis, entry, number, scope: _common(analysis, entry, scope)[number - 1],
    GROUP: lambda analysis, entry, number, scope: why(
        analysis, entry["groupexprs"][number - 1], scope
    ),
    VALUES: _of_values,
    FUNCTION: _of_function,
    RESULT: lambda *_: None,
}


# ---- expressions ----


def _passing(analysis: Analysis, verdict: Verdict, scope: Scope, known: Known) -> Reason:
    return verdict if isinstance(verdict, str) else _first(analysis, verdict, scope, known)


def _call(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    return _passing(analysis, call(analysis.catalog, node), scope, known)


def _aggregate(analysis: Analysis, node: Node, scope: Scope, _: Known) -> Reason:
    return _passing(analysis, aggregate(analysis.catalog, node, scope), scope, NOTHING)


def _window(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    return _passing(analysis, window(analysis.catalog, node, scope), scope, known)


def _function(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    if not node["funcretset"]:
        return _call(analysis, node, scope, known)
    parts = [part for target in targets(scope.query) for part in walk(target, into_queries=False)]
    if sum(bool(part.get("funcretset")) for part in parts) > 1:
        return "the shorter of several sets is padded with NULL"
    return _set_of(analysis, node, scope)


def _operator(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    reason = _call(analysis, node, scope, known)
    if reason and reason.startswith(f"{analysis.catalog.function_of(node).name}()"):
        return f"operator {analysis.catalog.operators[node['opno']]} may return NULL"
    return reason


def _array_test(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    reason = _first(analysis, node["args"], scope, known)
    return reason or elements(analysis, node["args"][1], scope)


def _arguments(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    return _first(analysis, node["args"], scope, known)


def _first_not_null(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    """COALESCE, GREATEST and LEAST skip NULLs."""
    reasons = [why(analysis, arg, scope, known) for arg in node["args"]]
    return reasons[-1] if all(reasons) else None


def _case(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    for branch in node["args"]:
        here = known if node["arg"] else known | proven(analysis, branch["expr"], scope)
        if reason := why(analysis, branch["result"], scope, here):
            return reason
        if not node["arg"]:
            known |= refuted(analysis.catalog, branch["expr"])
    default = node["defresult"]
    if default is None or is_null_constant(default):
        return "CASE has no ELSE"
    return why(analysis, default, scope, known)


def _constant(_: Analysis, node: Node, __: Scope, ___: Known) -> Reason:
    return "it is a literal NULL" if node["constisnull"] else None


_EXTERNAL, _MULTIPLE = 0, 3


def _parameter(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    key = (PARAMETER, node["paramid"])
    if node["paramkind"] == _MULTIPLE:
        return "the sub-query may find no row"
    if node["paramkind"] != _EXTERNAL or key in known or key in scope.certain:
        return None
    name = analysis.optional.get(node["paramid"])
    return f"parameter `{name}` may be None" if name else None


_ALWAYS_A_VALUE = (0, 6)
_SCALAR = 4


def _sub_query(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    query = node["subselect"]
    if node["subLinkType"] in _ALWAYS_A_VALUE:  # EXISTS, ARRAY
        return None
    if node["subLinkType"] == _SCALAR:
        if exactly_one_row(query):
            return outputs(analysis, query, scope)[0]
        return "the sub-query may find no row"
    tested = [node["testexpr"]] if node["testexpr"] else []
    reason = _first(analysis, tested, scope, known)
    return reason or next(filter(None, outputs(analysis, query, scope)), None)


def _row_comparison(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    return _first(analysis, [*node["largs"], *node["rargs"]], scope, known)


def _field(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    arg = node["arg"]
    if arg["_"] == "VAR" and not arg["varattno"]:
        return _var(analysis, {**arg, "varattno": node["fieldnum"]}, scope, known)
    return "a field of a composite value may be NULL"


_JSON_FROM_VALUE = (5, 6, 7)


def _json_constructor(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Reason:
    if node["func"]:
        return why(analysis, node["func"], scope, known)
    return _arguments(analysis, node, scope, known) if node["type"] in _JSON_FROM_VALUE else None


_CURRENT_SCHEMA = 14

_HANDLERS: dict[str, Callable[[Analysis, Node, Scope, Known], Reason]] = {
    "VAR": _var,
    "CONST": _constant,
    "PARAM": _parameter,
    "FUNCEXPR": _function,
    "OPEXPR": _operator,
    "BOOLEXPR": _arguments,
    "SCALARARRAYOPEXPR": _array_test,
    "NULLIFEXPR": lambda *_: "NULLIF returns NULL when both are equal",
    "COALESCEEXPR": _first_not_null,
    "MINMAXEXPR": _first_not_null,
    "CASEEXPR": _case,
    "AGGREF": _aggregate,
    "WINDOWFUNC": _window,
    "SUBLINK": _sub_query,
    "ROWCOMPAREEXPR": _row_comparison,
    "JSONISPREDICATE": lambda a, n, s, k: why(a, n["expr"], s, k),
    "JSONVALUEEXPR": lambda a, n, s, k: why(a, n["raw_expr"], s, k),
    "SUBSCRIPTINGREF": lambda _, node, *__: (
        None if node["refassgnexpr"] else "a subscript may be out of bounds"
    ),
    "FIELDSELECT": _field,
    "RETURNINGEXPR": lambda a, n, s, k: why(a, n["retexpr"], s, k),
    "JSONCONSTRUCTOREXPR": _json_constructor,
    "SQLVALUEFUNCTION": lambda _, node, *__: (
        "there may be no current schema" if node["op"] == _CURRENT_SCHEMA else None
    ),
}


# ---- inside arrays ----

_ARRAY_JOINERS = frozenset(
    ["array_append", "array_prepend", "array_cat", "array_remove", "array_replace"]
)
_ARRAY_SUBLINK = 6


def elements(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    """Why an array may hold a NULL. A stored array is trusted not to."""
    reasons = (_elements(analysis, *place) for place in origins(analysis, node, scope))
    return next((reason for reason in reasons if reason), None)


def _elements(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    kind = node["_"]
    if kind in TRANSPARENT:
        return elements(analysis, node["arg"], scope)
    handler = _ELEMENTS.get(kind)
    return handler(analysis, node, scope) if handler else None


def _collected(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    if analysis.catalog.functions[node["aggfnoid"]].name != "array_agg":
        return None
    value = node["args"][0]["expr"]
    return why(analysis, value, scope, proven(analysis, node["aggfilter"], scope))


def _gathered(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    query = node["subselect"]
    if node["subLinkType"] == _ARRAY_SUBLINK:
        return outputs(analysis, query, scope)[0]
    if node["subLinkType"] != _SCALAR:
        return None
    parts = (elements(analysis, *columns[0]) for columns in columns_of(analysis, query, scope))
    return next((reason for reason in parts if reason), None)


def _branches(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    if node["_"] == "COALESCEEXPR":
        arrays = node["args"]
    else:
        arrays = [*(branch["result"] for branch in node["args"]), node["defresult"]]
    reasons = (elements(analysis, each, scope) for each in arrays if each)
    return next((reason for reason in reasons if reason), None)


def _made_by(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    name = analysis.catalog.function_of(node).name
    if name in _ARRAY_JOINERS:
        reasons = (
            elements(analysis, arg, scope) or _joining(analysis, arg, scope) for arg in node["args"]
        )
        return next((reason for reason in reasons if reason), None)
    if name in ("regexp_match", "regexp_matches") or (
        name == "string_to_array" and len(node["args"]) > 2
    ):
        return f"{name}() may leave a gap"
    return None


def _joining(analysis: Analysis, node: Node, scope: Scope) -> Reason:
    """A single value that joins an array; an absent array joins nothing."""
    kind = analysis.catalog.types.get(type_of(node))
    return None if kind and kind.element else why(analysis, node, scope)


_ELEMENTS: dict[str, Callable[[Analysis, Node, Scope], Reason]] = {
    "AGGREF": _collected,
    "ARRAYEXPR": lambda a, n, s: _first(a, n["elements"], s, NOTHING),
    "COALESCEEXPR": _branches,
    "CASEEXPR": _branches,
    "SUBLINK": _gathered,
    "FUNCEXPR": _made_by,
    "OPEXPR": _made_by,
    "PARAM": lambda a, n, _: "the parameter may hold None" if n["paramid"] in a.gappy else None,
}
