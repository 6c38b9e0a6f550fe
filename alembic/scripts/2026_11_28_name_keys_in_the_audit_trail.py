"""Which API key did what: the trail asks the transaction, so that no statement can forget it.

Lines of before, and those of older code meanwhile, name none.
"""

import sqlalchemy as sa
from live_tables import index

from alembic import op

revision = "2f8c6d1b94ea"
down_revision = "6b1f9d27c0ae"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # First, and able to find itself done: it commits what came before it.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE audit_event ADD COLUMN IF NOT EXISTS key_id uuid")
        index(
            "audit_event_key_id_idx",
            "audit_event",
            ["key_id", "id"],
            postgresql_where=sa.text("key_id IS NOT NULL"),
        )
    op.alter_column(
        "audit_event",
        "key_id",
        server_default=sa.text("nullif(current_setting('core.api_key', true), '')::uuid"),
    )


def downgrade() -> None:
    op.drop_index(
        "audit_event_key_id_idx",
        table_name="audit_event",
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.drop_column("audit_event", "key_id")
