"""When its owner last signed in on a device with its secret: only then it is known."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "b7d20c51e9f4"
down_revision = "94e7053ea3d1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "device", sa.Column("signed_in_at", postgresql.TIMESTAMP(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("device", "signed_in_at")
