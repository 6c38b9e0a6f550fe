"""Statements on a tenant's tables run on the oldest server that a tenant may keep."""

from collections.abc import Iterator

from sqlcheck.catalog import Catalog
from sqlcheck.finding import Complaint
from sqlcheck.placeholders import blanked
from sqlcheck.session import Options
from sqlcheck.tree import RELATION, Node, walk
from sqlcheck.variants import Variant
from sqlcheck.versions import CALLS, New, new_in_text, new_node, new_query


def version_rules(variant: Variant, written: str, options: Options) -> Iterator[Complaint]:
    """No syntax and no function that the oldest server does not know."""
    if not options.store_version or not _touches(variant, options):
        return
    for new, where in _found(variant, written):
        version, what = new
        if version > options.store_version:
            told = f"{what} came with PostgreSQL {version}; a store may be {options.store_version}"
            yield Complaint("version", told, "say it in older words", where, about=what)


def _found(variant: Variant, written: str) -> Iterator[tuple[New, int | None]]:
    yield from new_in_text(written, blanked(written))
    catalog = variant.analysis.catalog
    for query, _ in variant.levels:
        for new in new_query(query, is_outermost=query is variant.tree):
            yield new, None
        for node in walk(query, into_queries=False):
            if found := new_node(node, _function(catalog, node)):
                yield found, variant.offset(node)


def _function(catalog: Catalog, node: Node) -> str:
    """The name of the built-in function that a node calls."""
    known = catalog.functions.get(node[CALLS[node["_"]]]) if node["_"] in CALLS else None
    return known.name if known is not None and known.is_builtin else ""


def _touches(variant: Variant, options: Options) -> bool:
    """Whether a tenant's table has a part in the statement, directly or behind a view."""
    catalog = variant.analysis.catalog
    pending, seen = [variant.tree], set[int]()
    while pending:
        for node in walk(pending.pop()):
            if node["_"] != "RANGETBLENTRY" or node["rtekind"] != RELATION:
                continue
            relation = node["relid"]
            if catalog.comments.get(relation, "").startswith(options.tenant_comment):
                return True
            if relation in catalog.views and relation not in seen:
                seen.add(relation)
                pending.append(catalog.views[relation])
    return False
