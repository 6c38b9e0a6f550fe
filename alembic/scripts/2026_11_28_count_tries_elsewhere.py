"""Wrong codes of a second factor are counted with all else that is counted, in rate_limit."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "84e0b6d1c52f"
down_revision = "c3d19a7be204"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("mfa_tries")


def downgrade() -> None:
    op.create_table(
        "mfa_tries",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "since",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("mfa_tries_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("mfa_tries_pkey")),
        comment="core: wrong codes of a second factor, apart from wrong passwords",
    )
