"""When a message is due, so that one whose job is gone is found."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "5ef1669ce300"
down_revision = "8201918bfb0b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column(
            "due_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.drop_index(
        op.f("message_unsent_idx"), table_name="message", postgresql_where="(state <> 'sent'::text)"
    )
    op.create_index(
        "message_unsent_idx",
        "message",
        ["state", "due_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'sent'"),
    )


def downgrade() -> None:
    op.drop_index(
        "message_unsent_idx", table_name="message", postgresql_where=sa.text("state <> 'sent'")
    )
    op.create_index(
        op.f("message_unsent_idx"),
        "message",
        ["state", "created_at"],
        unique=False,
        postgresql_where="(state <> 'sent'::text)",
    )
    op.drop_column("message", "due_at")
