"""How somebody likes the service to look, and to reach them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "5e2a1eeb345c"
down_revision = "84e0b6d1c52f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_preference",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("theme_mode", sa.Text(), server_default="system", nullable=False),
        sa.Column("theme_accent", sa.Text(), nullable=True),
        sa.Column("mails", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("pushes", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "theme_accent ~ '^#[0-9a-f]{6}$'", name=op.f("account_preference_theme_accent_check")
        ),
        sa.CheckConstraint(
            "theme_mode IN ('light', 'dark', 'system')",
            name=op.f("account_preference_theme_mode_check"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("account_preference_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("account_preference_pkey")),
        comment="core: how somebody likes the service to look, and to reach them",
    )


def downgrade() -> None:
    op.drop_table("account_preference")
