"""Count right and wrong passwords by the minute, to see when somebody guesses at many accounts."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "94e7053ea3d1"
down_revision = "d7a02c5be918"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_outcome",
        sa.Column("minute", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("login_outcome_pkey")),
        comment="core: how many passwords were tried in a minute, and were wrong; unlogged",
        postgresql_with={"fillfactor": "70"},
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("login_outcome")
