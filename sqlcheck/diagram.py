"""The migrated schema as a Mermaid diagram, with who reads and writes each table."""

from collections.abc import Sequence

from sqlcheck.catalog import Catalog
from sqlcheck.together import Examined

Users = dict[int, tuple[set[str], set[str]]]
"""For each table, the names of the statements that read it and of those that write it."""


def users(examined: Sequence[Examined], catalog: Catalog) -> Users:
    """Who reads and who writes each table."""
    found: Users = {table: (set(), set()) for table in catalog.tables}
    for each in examined:
        for side, tables in enumerate((each.notes.tables_read, each.notes.tables_written)):
            for table in tables & found.keys():
                found[table][side].add(each.statement.name)
    return found


def diagram(examined: Sequence[Examined], catalog: Catalog) -> str:
    """Entities with their columns, readers and writers, and the foreign keys between them."""
    used = users(examined, catalog)
    lines = ["erDiagram"]
    for oid, table in sorted(catalog.tables.items(), key=lambda item: item[1]):
        readers, writers = used[oid]
        lines += _notes("read by", readers) + _notes("written by", writers)
        lines += _entity(catalog, oid, table)
    return "\n".join([*lines, *_relations(catalog)])


def _notes(what: str, names: set[str]) -> list[str]:
    return [f"    %% {what} {name}" for name in sorted(names)]


def _entity(catalog: Catalog, oid: int, table: str) -> list[str]:
    primary = {
        number
        for key in catalog.keys.get(oid, ())
        if key.name.endswith("_pkey")
        for number in key.columns
    }
    lines = [f"    {table} {{"]
    for number in catalog.columns_of[oid]:
        column = catalog.columns[oid, number]
        marks = ["PK"] * (number in primary) + ["FK"] * ((oid, number) in catalog.foreign)
        kind = catalog.spell(column.type).replace("[]", "_array").replace(" ", "_")
        note = "" if column.not_null else ' "nullable"'
        lines.append(f"        {kind} {column.name} {', '.join(marks)}".rstrip() + note)
    return [*lines, "    }"]


def _relations(catalog: Catalog) -> list[str]:
    lines = []
    for target, constraints in catalog.incoming.items():
        for each in constraints:
            if target not in catalog.tables:
                continue
            columns = [catalog.columns[each.table, number] for number in each.columns]
            one = "||" if all(column.not_null for column in columns) else "o|"
            names = ", ".join(column.name for column in columns)
            here, there = catalog.tables[target], catalog.tables[each.table]
            lines.append(f'    {here} {one}--o{{ {there} : "{names}"')
    return sorted(lines)
