"""Statements that work, and do not do what they seem to."""

import re
from collections.abc import Iterator

from sqlcheck.facts import PARAMETER, forced
from sqlcheck.finding import Complaint
from sqlcheck.nullness import outputs
from sqlcheck.origins import stored
from sqlcheck.placeholders import blanked
from sqlcheck.rows import at_most_one
from sqlcheck.scopes import Scope
from sqlcheck.tree import Node, conjuncts, is_null_constant, walk
from sqlcheck.variants import Variant

_STAR = re.compile(
    r"(?:\bselect|\breturning|,|\ball|\bdistinct)\s+(?:\w+\.)?\*|\w\.\*", re.IGNORECASE
)
_NO_COLUMNS = re.compile(
    r"\binsert\s+into\s+[\w.\"]+(?:\s+as\s+\w+)?\s+(?:values|select|table|with)\b", re.IGNORECASE
)
_INTEGERS = frozenset([20, 21, 23])
_ANY_SUBLINK = 2
_COMPARISONS = frozenset(["OPEXPR", "FUNCEXPR", "SCALARARRAYOPEXPR", "ROWCOMPAREEXPR"])


def lint_rules(variant: Variant) -> Iterator[Complaint]:
    """Stars, NOT IN with NULL, comparisons with NULL, widths, LIMIT without ORDER BY."""
    yield from _stars(variant.text)
    for query, scope in variant.levels:
        for node in walk(query, into_queries=False):
            if node["_"] == "BOOLEXPR" and node["boolop"] == "not":
                yield from _not_in(variant, node, scope)
            elif node["_"] in ("JOINEXPR", "FROMEXPR"):
                for part in conjuncts(node["quals"]):
                    yield from _never_true(variant, part)
                    yield from _widths(variant, part, scope)
        yield from _limit(variant, query, scope)


def _stars(text: str) -> Iterator[Complaint]:
    blank = blanked(text)
    if star := _STAR.search(blank):
        told = "`*` changes meaning with the next migration"
        yield Complaint("star", told, "name the columns", star.start())
    if bare := _NO_COLUMNS.search(blank):
        yield Complaint("star", "INSERT without a column list", "name the columns", bare.start())


def _not_in(variant: Variant, node: Node, scope: Scope) -> Iterator[Complaint]:
    inner = node["args"][0]
    if inner["_"] != "SUBLINK" or inner["subLinkType"] != _ANY_SUBLINK:
        return
    reasons = outputs(variant.analysis, inner["subselect"], scope)
    reason = next((each for each in reasons if each), None)
    if reason:
        told = f"NOT IN is never true once the sub-query yields a NULL: {reason}"
        yield Complaint("not-in", told, "use NOT EXISTS", variant.offset(node))


def _never_true(variant: Variant, part: Node) -> Iterator[Complaint]:
    """A condition that is NULL, hence not true, when a parameter is None."""
    if part["_"] not in _COMPARISONS:
        return
    where = variant.offset(part)
    if part["_"] == "OPEXPR" and any(map(is_null_constant, part["args"])):
        yield Complaint("eq-null", "never true: compared with NULL", "use IS NULL", where)
    for mark, number in forced(variant.analysis.catalog, part):
        name = variant.analysis.optional.get(number) if mark == PARAMETER else None
        if name:
            hint = "use IS NOT DISTINCT FROM, a `-- if` guard, or declare it not None"
            yield Complaint("eq-null", f"never true when `{name}` is None", hint, where, about=name)


def _widths(variant: Variant, part: Node, scope: Scope) -> Iterator[Complaint]:
    if part["_"] != "OPEXPR" or len(part["args"]) != 2:
        return
    catalog = variant.analysis.catalog
    pair = [stored(variant.analysis, side, scope) for side in part["args"]]
    one, two = (catalog.columns[key] if key else None for key in pair)
    if one and two and one.type != two.type and {one.type, two.type} <= _INTEGERS:
        told = (
            f"compares {catalog.spell(one.type)} {one.spelled}"
            f" with {catalog.spell(two.type)} {two.spelled}"
        )
        yield Complaint("width", told, "", variant.offset(part), is_lint=True)


def _limit(variant: Variant, query: Node, scope: Scope) -> Iterator[Complaint]:
    if not (query["limitCount"] or query["limitOffset"]) or query["sortClause"]:
        return
    unlimited = {**query, "limitCount": None}
    if not at_most_one(variant.analysis, unlimited, scope.parent):
        told = "LIMIT without ORDER BY returns arbitrary rows"
        yield Complaint("limit", told, "add ORDER BY", variant.offset(query["limitCount"]))
