"""A second factor of signing in, and how sure each sign-in was."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "6170aaad5ba0"
down_revision = "a1abb47ca990"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("recovery_code_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("recovery_code_pkey")),
        comment="core: codes for who has lost their second factor, as hashes",
    )
    op.create_table(
        "totp",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("confirmed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("totp_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("totp_pkey")),
        comment="core: seeds of authenticator apps, sealed",
    )
    op.add_column(
        "password", sa.Column("is_short", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("session", sa.Column("aal", sa.Text(), server_default="aal1", nullable=False))
    op.create_check_constraint(op.f("session_aal_check"), "session", "aal IN ('aal1', 'aal2')")


def downgrade() -> None:
    op.drop_constraint(op.f("session_aal_check"), "session", type_="check")
    op.drop_column("session", "aal")
    op.drop_column("password", "is_short")
    op.drop_table("totp")
    op.drop_table("recovery_code")
    op.drop_table("mfa_tries")
