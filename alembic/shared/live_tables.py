"""Changes of tables that are in use: nothing that requests wait for is held through a scan.

To be called in `op.get_context().autocommit_block()`, where each step is a transaction of its own;
each finds itself done, so that a migration that was interrupted may begin anew.
"""

from typing import Any

from alembic import op


def check(table: str, name: str, rule: str) -> None:
    """Let a check say this, whatever it has said: of new rows at once, then of those there are."""
    op.execute(
        f"ALTER TABLE {table}"
        f" DROP CONSTRAINT IF EXISTS {name},"
        f" ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID"
    )
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def index(name: str, table: str, columns: list[Any], **options: Any) -> None:
    """Build an index beside writes; what an attempt has left that came to no end is dropped."""
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT
                         FROM pg_index
                        WHERE indexrelid = to_regclass('{name}')
                          AND NOT indisvalid)
            THEN
                DROP INDEX {name};
            END IF;
        END $$
    """)
    op.create_index(
        name,
        table,
        columns,
        unique=False,
        postgresql_concurrently=True,
        if_not_exists=True,
        **options,
    )


def domain(name: str, checks: dict[str, str], columns: dict[str, str]) -> None:
    """Let a domain over text check these columns, given as `{table: column}`: nothing is rewritten.

    A column takes a domain without checks by its name alone; the checks come after, as those of a
    table do. A domain that is there already is left as it is, and its columns too.
    """
    op.execute(f"""
        DO $$ BEGIN
            IF to_regtype('{name}') IS NULL THEN
                CREATE DOMAIN {name} AS text;
            END IF;
        END $$
    """)
    for table, column in columns.items():
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {name}")
    for check_name, rule in checks.items():
        op.execute(f"ALTER DOMAIN {name} DROP CONSTRAINT IF EXISTS {check_name}")
        op.execute(f"ALTER DOMAIN {name} ADD CONSTRAINT {check_name} CHECK ({rule}) NOT VALID")
        op.execute(f"ALTER DOMAIN {name} VALIDATE CONSTRAINT {check_name}")
