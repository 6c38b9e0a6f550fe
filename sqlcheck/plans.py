"""The plan: planning finds what parsing does not, and shows which index serves."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlcheck.catalog import Catalog
from sqlcheck.finding import Complaint
from sqlcheck.session import Refusal, Session, plan
from sqlcheck.tree import Node, walk
from sqlcheck.variants import PREPARED, Variant, refused_later

Plan = dict[str, Any]
_PASSES_ON = frozenset(["Materialize", "Memoize", "Hash", "Sort"])


def planned(session: Session, variant: Variant) -> Plan | Complaint:
    """The plan of the statement that `prepare` left behind."""
    tables = set(_tables(session.catalog, [variant.tree]))
    root = plan(session, PREPARED, len(variant.numbered.names), tables)
    return refused_later(variant, root, "when planned") if isinstance(root, Refusal) else root


def _tables(catalog: Catalog, queries: Iterable[Node]) -> Iterator[int]:
    """The tables of some queries and of the views in them."""
    for query in queries:
        for node in walk(query):
            relation = int(node.get("relid", 0)) if node["_"] == "RANGETBLENTRY" else 0
            if relation in catalog.tables:
                yield relation
            elif relation in catalog.views:
                yield from _tables(catalog, [catalog.views[relation]])


def plan_rules(session: Session, root: Plan) -> Iterator[Complaint]:
    """A full scan that remains although it was forbidden means that no index fits."""
    for node, is_inner in plan_nodes(root, is_inner=False):
        table, kind = node.get("Relation Name"), node["Node Type"]
        if not table or "Scan" not in kind or table in session.options.small_tables:
            continue
        index = node["Plans"][0] if kind == "Bitmap Heap Scan" else node
        is_keyed = _is_keyed(session.catalog, index)
        condition = node.get("Filter") or node.get("Recheck Cond")
        if not is_keyed and (condition or is_inner or "Index Cond" in index):
            served = condition or index.get("Index Cond") or "the join"
            told = f"reads all of `{table}`: no index serves {served}"
            hint = "add an index, or say `-- allow scan`"
            yield Complaint("scan", told, hint, is_lint=True, about=table)


def _is_keyed(catalog: Catalog, index: Plan) -> bool:
    """Whether an index is entered at its first column; without that it is read from end to end."""
    if index["Node Type"] in ("BitmapAnd", "BitmapOr"):
        return True
    first = catalog.leading.get(index.get("Index Name", ""), "")
    condition = index.get("Index Cond", "")
    return bool(re.search(rf"(?<![\w.]){re.escape(first)}\b", condition) if first else condition)


def indexes_of(root: Plan) -> Iterator[str]:
    """The indexes that a plan uses."""
    for node, _ in plan_nodes(root, is_inner=False):
        if "Index Name" in node:
            yield node["Index Name"]


def plan_nodes(node: Plan, *, is_inner: bool) -> Iterator[tuple[Plan, bool]]:
    """Plan nodes, each with whether it is read once per row of another."""
    yield node, is_inner
    for child in node.get("Plans", []):
        passed = is_inner and node["Node Type"] in _PASSES_ON
        inner = passed or child.get("Parent Relationship") == "Inner"
        yield from plan_nodes(child, is_inner=inner)
