"""When accounts are erased, and where their addresses stand elsewhere."""

import sqlalchemy as sa
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


def _allow(table: str, name: str, rule: str) -> None:
    """Replace a check by another one."""
    op.drop_constraint(op.f(name), table, type_="check")
    op.create_check_constraint(op.f(name), table, rule)


def _allow_purposes(*purposes: str) -> None:
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    _allow("one_time_token", "one_time_token_purpose_check", f"purpose IN ({listed})")


def upgrade() -> None:
    # First, and able to find itself done: it commits what came before it.
    with op.get_context().autocommit_block():
        op.create_index(
            "invitation_email_key_idx",
            "invitation",
            ["email_key"],
            unique=False,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.create_index(
            "message_recipient_idx",
            "message",
            [sa.text("casefold(recipient COLLATE pg_unicode_fast)")],
            unique=False,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.add_column(
        "account", sa.Column("erase_at", postgresql.TIMESTAMP(timezone=True), nullable=True)
    )
    _allow(
        "account",
        "account_status_check",
        "status IN ('pending', 'active', 'disabled', 'deleting', 'erased')",
    )
    # Those that operators have marked until now.
    op.execute("""
        UPDATE account
           SET erase_at = now() + interval '14 days'
         WHERE status = 'deleting'
    """)
    op.create_check_constraint(
        op.f("account_erase_at_check"), "account", "(status = 'deleting') = (erase_at IS NOT NULL)"
    )
    op.create_index(
        "account_erase_at_idx",
        "account",
        ["erase_at", "id"],
        unique=False,
        postgresql_where=sa.text("erase_at IS NOT NULL"),
    )
    _allow_purposes(*_PURPOSES, "restore_account")


def downgrade() -> None:
    op.execute("DELETE FROM one_time_token WHERE purpose = 'restore_account'")
    _allow_purposes(*_PURPOSES)
    op.drop_index(
        "account_erase_at_idx",
        table_name="account",
        postgresql_where=sa.text("erase_at IS NOT NULL"),
    )
    op.drop_constraint(op.f("account_erase_at_check"), "account", type_="check")
    # What is erased has nothing left: to the code before, it is disabled.
    op.execute("UPDATE account SET status = 'disabled' WHERE status = 'erased'")
    _allow(
        "account",
        "account_status_check",
        "status IN ('pending', 'active', 'disabled', 'deleting')",
    )
    op.drop_column("account", "erase_at")
    op.drop_index("message_recipient_idx", table_name="message")
    op.drop_index("invitation_email_key_idx", table_name="invitation")
