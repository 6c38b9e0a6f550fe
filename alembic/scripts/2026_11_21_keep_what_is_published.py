"""Refuse every change of what is published, and of the audit trail: in the database itself."""

from alembic import op

revision = "68521923d645"
down_revision = "4b3bba30725b"
branch_labels = None
depends_on = None

TABLES = (
    "applet_version",
    "applet_version_activity",
    "activity_revision",
    "version_copy",
    "activity_revision_copy",
    "audit_event",
)


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % never change', tg_table_name
                USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """)
    for table in TABLES:
        op.execute(f"""
            CREATE TRIGGER {table}_never_changes
            BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_never_changes ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
