"""How many rows: a statement that declares one must be held to one."""

from collections.abc import Iterator

from sqlcheck.facts import relations_of, scope_of
from sqlcheck.finding import Complaint
from sqlcheck.hints import spell
from sqlcheck.scopes import Analysis, Scope, common_table
from sqlcheck.tree import (
    CTE,
    DELETE,
    FULL,
    FUNCTION,
    GROUP,
    INNER,
    INSERT,
    LEFT,
    RELATION,
    RESULT,
    SELECT,
    SUBQUERY,
    UPDATE,
    VALUES,
    Node,
    conjuncts,
    targets,
    unwrapped,
    walk,
)
from sqlcheck.variants import Variant

Column = tuple[int, int]
"""An entry of the FROM list and a column of it."""

HOPELESS = -1
"""Stands for a join that can put two single rows side by side."""
_SIMPLE = (SELECT, UPDATE, INSERT, DELETE)


def row_rules(variant: Variant) -> Iterator[Complaint]:
    """`-> Row` and `-> Row | None` need a statement that cannot return two."""
    stub = variant.stub
    if stub.is_many or not variant.analysed.columns:
        return
    if not at_most_one(variant.analysis, variant.tree):
        told = f"{stub.name} declares one {spell(stub.row)}, but nothing limits it to one row"
        hint = "compare a whole unique key with parameters, add LIMIT 1, or declare list[...]"
        yield Complaint("rows", told, hint)


def at_most_one(
    analysis: Analysis,
    query: Node,
    parent: Scope | None = None,
    given: frozenset[int] = frozenset(),
) -> bool:
    """Whether a query returns at most one row for each value of its `given` result columns."""
    if query["setOperations"]:
        return _one_of_parts(analysis, query, parent, given)
    has_sets = query["hasTargetSRFs"]
    is_one = _limited(query) or (_aggregated(query) and not has_sets)
    if is_one or has_sets or query["groupingSets"] or query["commandType"] not in _SIMPLE:
        return is_one
    scope = scope_of(analysis, query, parent)
    clauses = query["groupClause"] or query["distinctClause"] or []
    if clauses:
        numbers = {entry["ressortgroupref"]: entry["resno"] for entry in query["targetList"]}
        if given.issuperset(numbers.get(each["tleSortGroupRef"], 0) for each in clauses):
            return True
    fixed = {
        column
        for entry in targets(query)
        if entry["resno"] in given and (column := _column(ungrouped(entry["expr"], scope)))
    }
    return is_single(query, scope, loose_relations(analysis, query, scope, fixed))


def is_single(query: Node, scope: Scope, loose: set[int]) -> bool:
    """Whether a level is one row, or one group, when these of its relations are not."""
    clauses = query["groupClause"] or query["distinctClause"] or []
    if not loose or HOPELESS in loose:
        return not loose
    return bool(clauses) and _one_group(query, scope, clauses, loose)


def _one_of_parts(
    analysis: Analysis, query: Node, parent: Scope | None, given: frozenset[int]
) -> bool:
    """INTERSECT and EXCEPT return rows of their left side."""
    if _limited(query):
        return True
    scope = scope_of(analysis, query, parent)
    node = query["setOperations"]
    while node["_"] == "SETOPERATIONSTMT" and node["op"] != 1 and not node["all"]:
        node = node["larg"]
    if node["_"] != "RANGETBLREF":
        return False
    return at_most_one(analysis, scope.entry(node["rtindex"])["subquery"], scope, given)


def _limited(query: Node) -> bool:
    limit = query["limitCount"]
    while limit and limit["_"] == "FUNCEXPR" and limit["args"]:  # the cast to bigint
        limit = limit["args"][0]
    if query["limitOption"] == 1 or not limit or limit["_"] != "CONST":  # WITH TIES
        return False
    value = limit["constvalue"]
    return isinstance(value, bytes) and int.from_bytes(value, "little") <= 1


def _aggregated(query: Node) -> bool:
    return bool(
        query["commandType"] == SELECT
        and query["hasAggs"]
        and not query["groupClause"]
        and not query["groupingSets"]
    )


def _one_group(query: Node, scope: Scope, clauses: list[Node], loose: set[int]) -> bool:
    """Whether what is grouped by belongs to single rows."""
    wanted = {clause["tleSortGroupRef"] for clause in clauses}
    keys = [
        ungrouped(entry["expr"], scope)
        for entry in query["targetList"]
        if entry["ressortgroupref"] in wanted
    ]
    if any(node["_"] == "SUBLINK" for key in keys for node in walk(key)):
        return False
    joins = {
        node["rtindex"]: node
        for node in walk(query["jointree"], into_queries=False)
        if node["_"] == "JOINEXPR"
    }
    columns = [node for key in keys for node in own_columns(key)]
    seen: set[int] = set()
    for column in columns:  # an outer join on single rows matches for all groups or for none
        for join in set(column["varnullingrels"]) - seen:
            seen.add(join)
            if join in joins and joins[join]["quals"]:
                columns += own_columns(joins[join]["quals"])
    return all(column["varno"] not in loose for column in columns)


def ungrouped(node: Node, scope: Scope) -> Node:
    """The expression that is grouped by, for a column of the groups."""
    if node["_"] == "VAR" and not node["varlevelsup"]:
        entry = scope.entry(node["varno"])
        if entry["rtekind"] == GROUP:
            found: Node = entry["groupexprs"][node["varattno"] - 1]
            return found
    return node


def own_columns(node: Node) -> list[Node]:
    """The columns of this level in an expression."""
    return [each for each in walk(node) if each["_"] == "VAR" and not each["varlevelsup"]]


Condition = tuple[Node, frozenset[int] | None]
"""A part of WHERE or ON, with the side of an outer join that it is about."""


def conditions(query: Node) -> list[Condition]:
    """The conditions of a level."""
    found: list[Condition] = []
    for node in walk(query["jointree"], into_queries=False):
        kind = node.get("jointype", INNER)
        if node["_"] not in ("JOINEXPR", "FROMEXPR") or kind == FULL:
            continue
        # an outer join's condition says nothing about the side that is kept anyway
        side = None
        if kind != INNER:
            side = frozenset(relations_of(node["rarg" if kind == LEFT else "larg"]))
        found += [(part, side) for part in conjuncts(node["quals"])]
    return found


def _relations(query: Node) -> set[int]:
    """The relations of a level; hopeless where two rows can stand side by side."""
    found = set()
    for node in walk(query["jointree"], into_queries=False):
        if node["_"] == "RANGETBLREF":
            found.add(node["rtindex"])
        elif node["_"] == "JOINEXPR" and node["jointype"] == FULL:
            found.add(HOPELESS)  # two single rows that do not match are two rows
    return found


def equalities(
    analysis: Analysis, parts: list[Condition]
) -> Iterator[tuple[Column, Node | Column]]:
    """Columns that equal something."""
    for part, side in parts:
        if part["_"] != "OPEXPR" or analysis.catalog.operators[part["opno"]] != "=":
            continue
        left, right = (_column(arg) or arg for arg in part["args"])
        for one, other in ((left, right), (right, left)):
            if isinstance(one, tuple) and (side is None or one[0] in side):
                yield one, other


def loose_relations(analysis: Analysis, query: Node, scope: Scope, given: set[Column]) -> set[int]:
    """Relations of the level that no unique key holds to one row, for one value of some columns."""
    loose = _relations(query)
    if HOPELESS in loose:
        return {HOPELESS}
    parts = conditions(query)
    equal = list(equalities(analysis, parts))
    while True:
        fixed = _fixed(equal, given, loose)
        single = {each for each in loose if _pinned(analysis, each, scope, fixed, parts)}
        # a LATERAL item is single for each row of what it refers to
        still = {
            each
            for each in loose
            if each not in single or referred(scope.entry(each), 0) & loose - {each}
        }
        if still == loose:
            return loose
        loose = still


def _fixed(
    equal: list[tuple[Column, Node | Column]], given: set[Column], loose: set[int]
) -> set[Column]:
    """The columns that have one value: given, or equal to one that has."""
    fixed = set(given)
    while True:
        more = {
            column
            for column, value in equal
            if column not in fixed
            and (
                value[0] not in loose or value in fixed
                if isinstance(value, tuple)
                else _constant(value)
            )
        }
        if not more:
            return fixed
        fixed |= more


def _column(node: Node) -> Column | None:
    node = unwrapped(node)
    if node["_"] != "VAR" or node["varlevelsup"]:
        return None
    return (node["varno"], node["varattno"])


def _constant(node: Node) -> bool:
    """Free of columns of this level: a parameter, a literal, a sub-query that stands alone."""
    if node["_"] == "SUBLINK":
        return not any(each.get("varlevelsup") for each in walk(node))
    return all(
        each["_"] not in ("VAR", "SUBLINK") or each.get("varlevelsup")
        for each in walk(node, into_queries=False)
    )


def _pinned(
    analysis: Analysis,
    number: int,
    scope: Scope,
    fixed: set[Column],
    parts: list[Condition],
) -> bool:
    """Whether an entry of the FROM list is a single row when some of its columns are fixed."""
    entry = scope.entry(number)
    columns = frozenset(attribute for relation, attribute in fixed if relation == number)
    kind = entry["rtekind"]
    if kind == RELATION:
        return _keyed(analysis, entry, number, columns, parts)
    if kind == SUBQUERY:
        return at_most_one(analysis, entry["subquery"], scope, columns)
    if kind == CTE:
        cte, home = common_table(entry, scope)
        return not cte["cterecursive"] and at_most_one(analysis, cte["ctequery"], home, columns)
    if kind == FUNCTION:
        call = entry["functions"][0]["funcexpr"]
        is_call = call["_"] == "FUNCEXPR" and len(entry["functions"]) == 1
        return is_call and not analysis.catalog.function_of(call).returns_set
    return kind == RESULT or (kind == VALUES and len(entry["values_lists"]) == 1)


def _keyed(
    analysis: Analysis,
    entry: Node,
    number: int,
    columns: frozenset[int],
    parts: list[Condition],
) -> bool:
    """Whether the columns hold a unique key; a partial one needs its predicate in the WHERE."""
    if view := analysis.catalog.views.get(entry["relid"]):
        return at_most_one(analysis, view, None, columns)
    have = {canonical(part, number) for part, side in parts if side is None or number in side}
    return any(
        columns.issuperset(key.columns)
        and all(canonical(part, 1) in have for part in conjuncts(key.predicate))
        for key in analysis.catalog.keys.get(entry["relid"], ())
    )


def referred(node: object, depth: int) -> set[int]:
    """The entries of the level above that an entry of the FROM list refers to."""
    if isinstance(node, list):
        return {number for item in node for number in referred(item, depth)}
    if not isinstance(node, dict):
        return set()
    if node["_"] == "VAR":
        return {node["varno"]} if node["varlevelsup"] == depth else set()
    inside = depth + (node["_"] == "QUERY")
    return {number for value in node.values() for number in referred(value, inside)}


_PLACE_ONLY = frozenset(
    ["location", "_", "varnosyn", "varattnosyn", "opfuncid", "inputcollid", "varnullingrels"]
)


def canonical(node: object, number: int) -> object:
    """A condition on one relation, freed of its place, to compare with an index predicate."""
    if isinstance(node, dict):
        if node["_"] == "VAR":
            return ("var", node["varno"] == number, node["varattno"])
        fields = (
            (field, canonical(value, number))
            for field, value in node.items()
            if field not in _PLACE_ONLY
        )
        return (node["_"], *fields)
    return tuple(canonical(item, number) for item in node) if isinstance(node, list) else node
