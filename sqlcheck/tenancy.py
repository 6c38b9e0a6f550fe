"""Tenancy: on a tenant's table, every statement pins the tenant."""

from collections.abc import Iterator

from sqlcheck.catalog import Catalog
from sqlcheck.finding import Complaint
from sqlcheck.rows import conditions, equalities
from sqlcheck.scopes import Scope
from sqlcheck.session import Options
from sqlcheck.tree import INSERT, RELATION, Node, walk
from sqlcheck.variants import Variant
from sqlcheck.writing import writes_of


def tenancy_rules(variant: Variant, options: Options) -> Iterator[Complaint]:
    """Every table of a tenant is tied to a parameter, or to a joined table's tenant column."""
    if not options.tenant_column:
        return
    catalog = variant.analysis.catalog
    stores = {
        table: number
        for table, comment in catalog.comments.items()
        if comment.startswith(options.tenant_comment)
        for number in catalog.columns_of[table]
        if catalog.columns[table, number].name == options.tenant_column
    }
    for _, scope in variant.levels:
        for number in sorted(_untied(variant, scope, stores, options.tenant_column)):
            table = catalog.tables[scope.entry(number)["relid"]]
            told = f"`{table}` is kept by tenant, but {options.tenant_column} is not pinned here"
            hint = f"compare {table}.{options.tenant_column} with a parameter or a joined table's"
            yield Complaint("tenant", told, hint, about=table)
    for write in writes_of(variant.levels):
        is_store = write.verb == INSERT and write.table in stores
        if is_store and stores[write.table] not in dict(write.targets):
            told = f"INSERT into `{catalog.tables[write.table]}` without its tenant"
            yield Complaint("tenant", told, f"give {options.tenant_column}")


def _untied(variant: Variant, scope: Scope, stores: dict[int, int], name: str) -> set[int]:
    """The tenant's tables of a level whose tenant column nothing ties."""
    query = scope.query
    if not query["jointree"]:
        return set()
    read = conditions(query)
    pairs = list(equalities(variant.analysis, read))
    loose = {
        node["rtindex"]
        for node in walk(query["jointree"], into_queries=False)
        if node["_"] == "RANGETBLREF"
        and scope.entry(node["rtindex"])["rtekind"] == RELATION
        and scope.entry(node["rtindex"])["relid"] in stores
    }
    while True:
        tied = {
            column[0]
            for column, value in pairs
            if column[0] in loose
            and stores[scope.entry(column[0])["relid"]] == column[1]
            and _ties(variant.analysis.catalog, scope, value, loose, name)
        }
        if not tied:
            return loose
        loose -= tied


def _ties(
    catalog: Catalog, scope: Scope, value: Node | tuple[int, int], loose: set[int], name: str
) -> bool:
    if not isinstance(value, tuple):
        return any(
            node["_"] == "PARAM" or (node["_"] == "VAR" and node["varlevelsup"])
            for node in walk(value, into_queries=False)
        )
    number, attribute = value
    return number not in loose and scope.entry(number)["eref"]["colnames"][attribute - 1] == name
