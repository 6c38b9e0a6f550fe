"""Mails and SMS to people: what waits to be sent, and how far it got."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "8201918bfb0b"
down_revision = "dab07e498b4f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("message_sent_at_check")
        ),
        sa.CheckConstraint("channel IN ('mail', 'sms')", name=op.f("message_channel_check")),
        sa.CheckConstraint(
            "state <> 'queued' OR params IS NOT NULL", name=op.f("message_params_check")
        ),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dead')", name=op.f("message_state_check")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("message_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
        comment="core: mails and SMS to people, and how far they got",
    )
    op.create_index(op.f("message_account_id_idx"), "message", ["account_id"], unique=False)
    op.create_index("message_created_at_idx", "message", ["created_at"], unique=False)
    op.create_index(
        "message_unsent_idx",
        "message",
        ["state", "created_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'sent'"),
    )


def downgrade() -> None:
    op.drop_index(
        "message_unsent_idx", table_name="message", postgresql_where=sa.text("state <> 'sent'")
    )
    op.drop_index("message_created_at_idx", table_name="message")
    op.drop_index(op.f("message_account_id_idx"), table_name="message")
    op.drop_table("message")
