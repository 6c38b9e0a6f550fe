"""Attempts at passwords, in a table that a crash may empty; and answers to requests under a key."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "7d859bbe2e93"
down_revision = "e28f9dd6fa7d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column("held_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("idempotency_pkey")),
        comment="core: requests under an Idempotency-Key, with their answers, for a day",
    )
    op.create_index("idempotency_expires_at_idx", "idempotency", ["expires_at"], unique=False)
    op.create_table(
        "login_attempt",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("recent", sa.Integer(), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("free_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("login_attempt_pkey")),
        comment="core: attempts at a password since the last right one; unlogged",
        postgresql_with={"fillfactor": "70"},
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("login_attempt")
    op.drop_index("idempotency_expires_at_idx", table_name="idempotency")
    op.drop_table("idempotency")
