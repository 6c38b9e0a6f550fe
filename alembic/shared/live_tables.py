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
