"""The tables and who uses them: `docs/reference/schema.md`."""

from dataclasses import replace

from sqlcheck import examine, open_session
from sqlcheck.catalog import Catalog
from sqlcheck.config import import_modules, read_config, registered
from sqlcheck.diagram import diagram, users
from sqlcheck.embedded import migrate, server

_FOREIGN = ("procrastinate_", "alembic_version")
"""Tables that others keep in our database."""


def schema() -> str:
    """The page, from the migrated schema and the statements."""
    config = read_config()
    import_modules(config.modules)
    statements = [each for each in registered(config.registry) if each.name.startswith("src.")]
    with server() as url:
        migrate(config.migrate, url, config.url_variable)
        with open_session(url, config.options) as session:
            examined = [examine(each, session) for each in statements]
            catalog = _ours(session.catalog)
    lines = [
        "# Schema",
        "",
        "Every table with its columns, and the foreign keys between them. Below it stands which",
        "statements read a table and which write it: what to look at before a migration changes",
        "it. `just reference` writes this page from the migrated schema and the statements;",
        "`just sql --unused` lists the columns and indexes that no statement needs.",
        "",
        "```mermaid",
        diagram((), catalog),
        "```",
    ]
    for table, (readers, writers) in sorted(
        users(examined, catalog).items(), key=lambda item: catalog.tables[item[0]]
    ):
        lines += ["", f"## {catalog.tables[table]}", ""]
        if comment := catalog.comments[table]:
            lines += [f"*{comment}*", ""]
        lines += [f"- read by {_listed(readers)}", f"- written by {_listed(writers)}"]
    return "\n".join(lines) + "\n"


def _ours(catalog: Catalog) -> Catalog:
    tables = {
        number: name for number, name in catalog.tables.items() if not name.startswith(_FOREIGN)
    }
    return replace(catalog, tables=tables)


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "no statement"
