"""Verified phone numbers, each of one account."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "c3d19a7be204"
down_revision = "7d859bbe2e93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "verified_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "number ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f("phone_number_format_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("phone_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("phone_pkey")),
        sa.UniqueConstraint("number", name=op.f("phone_number_key")),
        comment="core: verified phone numbers, each of one account",
    )


def downgrade() -> None:
    op.drop_table("phone")
