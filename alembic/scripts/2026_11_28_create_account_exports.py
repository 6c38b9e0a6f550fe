"""Exports of what is known of somebody, in pieces, until they have been fetched."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "d7a02c5be918"
down_revision = "4358d82572c9"
branch_labels = None
depends_on = None


def instant(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column:
    return sa.Column(
        name,
        postgresql.TIMESTAMP(timezone=True),
        server_default=None if default is None else sa.text(default),
        nullable=nullable,
    )


def upgrade() -> None:
    op.create_table(
        "account_export",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("run", sa.Uuid(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        instant("created_at", default="now()"),
        instant("ready_at", nullable=True),
        instant("expires_at"),
        sa.CheckConstraint(
            "state IN ('running', 'ready', 'failed')", name=op.f("account_export_state_check")
        ),
        sa.CheckConstraint(
            "(state = 'ready') = (run IS NOT NULL AND size IS NOT NULL AND ready_at IS NOT NULL)",
            name=op.f("account_export_ready_check"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("account_export_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("account_export_pkey")),
        sa.UniqueConstraint("account_id", name=op.f("account_export_account_id_key")),
        comment="core: exports of what is known of somebody, one an account, for a day",
    )
    op.create_index("account_export_expires_at_idx", "account_export", ["expires_at"], unique=False)
    op.create_table(
        "account_export_piece",
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"],
            ["account_export.id"],
            name=op.f("account_export_piece_export_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "export_id", "run", "position", name=op.f("account_export_piece_pkey")
        ),
        comment="core: the ZIP files of exports, by run of the job, in pieces",
    )
    # What is compressed already is not compressed again.
    op.execute("ALTER TABLE account_export_piece ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("account_export_piece")
    op.drop_index("account_export_expires_at_idx", table_name="account_export")
    op.drop_table("account_export")
