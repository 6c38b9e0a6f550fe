"""How JSON that is built here writes an instant: RFC 3339 in UTC, with a `Z`."""

from alembic import op

revision = "c7d1f0a5e2b9"
down_revision = "68521923d645"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN rfc3339 AS text")
    op.execute("COMMENT ON DOMAIN rfc3339 IS 'instant: RFC 3339 in UTC'")
    # Simple enough for the planner to write it into each statement that calls it.
    op.execute("""
        CREATE FUNCTION instant(timestamptz) RETURNS rfc3339
        LANGUAGE sql STABLE STRICT PARALLEL SAFE
        RETURN to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')::rfc3339
    """)
    op.execute("COMMENT ON FUNCTION instant(timestamptz) IS 'total: an instant as JSON writes it'")


def downgrade() -> None:
    op.execute("DROP FUNCTION instant(timestamptz)")
    op.execute("DROP DOMAIN rfc3339")
