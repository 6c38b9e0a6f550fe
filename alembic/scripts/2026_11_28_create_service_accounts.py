"""Accounts of programs."""

import sqlalchemy as sa
from live_tables import check

from alembic import op

revision = "4358d82572c9"
down_revision = "b41f7c0d9e63"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.add_column(
            "account",
            sa.Column("kind", sa.Text(), server_default="person", nullable=False),
            if_not_exists=True,
        )
        check("account", "account_kind_check", "kind IN ('person', 'service')")
        check(
            "account",
            "account_service_email_check",
            "kind = 'person' OR email LIKE '%@service.invalid'",
        )


def downgrade() -> None:
    # Code from before would take what is left for people.
    op.execute("UPDATE account SET status = 'disabled' WHERE kind = 'service'")
    op.drop_constraint(op.f("account_service_email_check"), "account")
    op.drop_constraint(op.f("account_kind_check"), "account")
    op.drop_column("account", "kind")
