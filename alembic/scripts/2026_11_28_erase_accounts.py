"""When accounts are erased, and where their addresses stand elsewhere."""

import sqlalchemy as sa
from live_tables import check, index
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "b41f7c0d9e63"
down_revision = "0f3ce04332d5"
branch_labels = None
depends_on = None

_PURPOSES = (
    "signup",
    "verify_email",
    "verify_phone",
    "change_email",
    "undo_email",
    "reset_password",
    "magic_link",
    "sso_login",
    "mfa",
    "passkey",
    "add_passkey",
    "account_export",
)


def _allow_purposes(*purposes: str) -> None:
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    check("one_time_token", "one_time_token_purpose_check", f"purpose IN ({listed})")


def _allow_statuses(*statuses: str) -> None:
    listed = ", ".join(f"'{status}'" for status in statuses)
    check("account", "account_status_check", f"status IN ({listed})")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        index("invitation_email_key_idx", "invitation", ["email_key"])
        index(
            "message_recipient_idx",
            "message",
            [sa.text("casefold(recipient COLLATE pg_unicode_fast)")],
        )
        op.add_column(
            "account",
            sa.Column("erase_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
            if_not_exists=True,
        )
        _allow_statuses("pending", "active", "disabled", "deleting", "erased")
        # The code before says no day; the job that erases does.
        check("account", "account_erase_at_check", "erase_at IS NULL OR status = 'deleting'")
        index(
            "account_erase_at_idx",
            "account",
            ["erase_at", "id"],
            postgresql_where=sa.text("status = 'deleting'"),
        )
        _allow_purposes(*_PURPOSES, "restore_account")


def downgrade() -> None:
    op.execute("DELETE FROM one_time_token WHERE purpose = 'restore_account'")
    # What is erased has nothing left: to the code before, it is disabled.
    op.execute("UPDATE account SET status = 'disabled' WHERE status = 'erased'")
    with op.get_context().autocommit_block():
        _allow_purposes(*_PURPOSES)
        _allow_statuses("pending", "active", "disabled", "deleting")
        op.drop_index("account_erase_at_idx", table_name="account", if_exists=True)
        op.drop_constraint(op.f("account_erase_at_check"), "account", if_exists=True)
        op.drop_column("account", "erase_at", if_exists=True)
        op.drop_index("message_recipient_idx", table_name="message", if_exists=True)
        op.drop_index("invitation_email_key_idx", table_name="invitation", if_exists=True)
