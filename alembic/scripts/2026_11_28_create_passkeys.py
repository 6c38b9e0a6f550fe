"""Passkeys, and the challenges that they answer."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "3c5a1f7be294"
down_revision = "6170aaad5ba0"
branch_labels = None
depends_on = None

_BEFORE = (
    "'signup', 'verify_email', 'verify_phone', 'change_email', 'undo_email', 'reset_password',"
    " 'magic_link', 'sso_login', 'mfa'"
)


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 100", name=op.f("passkey_name_length_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("passkey_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("passkey_pkey")),
        sa.UniqueConstraint("credential_id", name=op.f("passkey_credential_id_key")),
        comment="core: public keys of passkeys; the private halves never leave their owners",
    )
    op.create_index(op.f("passkey_account_id_idx"), "passkey", ["account_id"], unique=False)
    _allow(f"{_BEFORE}, 'passkey', 'add_passkey', 'account_export'")


def downgrade() -> None:
    op.execute("DELETE FROM one_time_token WHERE purpose IN ('passkey', 'add_passkey')")
    _allow(f"{_BEFORE}, 'account_export'")
    op.drop_index(op.f("passkey_account_id_idx"), table_name="passkey")
    op.drop_table("passkey")


def _allow(purposes: str) -> None:
    name = op.f("one_time_token_purpose_check")
    op.drop_constraint(name, "one_time_token", type_="check")
    op.create_check_constraint(name, "one_time_token", f"purpose IN ({purposes})")
