"""The job queue: Procrastinate's own schema, as the installed release brings it."""

from procrastinate import schema

from alembic import op

revision = "4b3bba30725b"
down_revision = "f7785bef2941"
branch_labels = None
depends_on = None

DROP = r"""
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT tablename FROM pg_tables
                 WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\_%'
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', item.tablename);
    END LOOP;
    FOR item IN SELECT oid::regprocedure AS signature FROM pg_proc
                 WHERE pronamespace = current_schema()::regnamespace
                   AND proname LIKE 'procrastinate\_%'
    LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', item.signature);
    END LOOP;
    FOR item IN SELECT typname FROM pg_type
                 WHERE typnamespace = current_schema()::regnamespace
                   AND typname LIKE 'procrastinate\_%' AND typtype IN ('e', 'c')
    LOOP
        EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', item.typname);
    END LOOP;
END $$
"""


def upgrade() -> None:
    execute(schema.SchemaManager.get_schema())


def downgrade() -> None:
    execute(DROP)


def execute(script: str) -> None:
    """Run a script of several statements, in which `%` and `:` mean themselves."""
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute(script)
