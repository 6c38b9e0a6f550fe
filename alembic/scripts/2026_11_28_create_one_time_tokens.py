"""Secrets of one use: links and codes that are mailed, and the like."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "dab07e498b4f"
down_revision = "e5b8d24f60a1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "one_time_token",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("code_expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('signup', 'verify_email', 'verify_phone', 'change_email', 'undo_email',"
            " 'reset_password', 'magic_link', 'sso_login', 'mfa', 'account_export')",
            name=op.f("one_time_token_purpose_check"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("one_time_token_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("one_time_token_pkey")),
        sa.UniqueConstraint("purpose", "target", name=op.f("one_time_token_purpose_target_key")),
        sa.UniqueConstraint("token_hash", name=op.f("one_time_token_token_hash_key")),
        comment="core: secrets of one use, as hashes",
    )
    op.create_index(
        op.f("one_time_token_account_id_idx"), "one_time_token", ["account_id"], unique=False
    )
    op.create_index("one_time_token_expires_at_idx", "one_time_token", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index("one_time_token_expires_at_idx", table_name="one_time_token")
    op.drop_index(op.f("one_time_token_account_id_idx"), table_name="one_time_token")
    op.drop_table("one_time_token")
