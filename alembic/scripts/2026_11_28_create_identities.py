"""Identities: accounts at providers by which people sign in, and the nonces that have been used."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "2c3ecd4bd1d8"
down_revision = "5d0e7c1f9a42"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sso_nonce",
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "used_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("nonce_hash", name=op.f("sso_nonce_pkey")),
        comment="core: what signing in with a provider has used up",
    )
    op.create_index("sso_nonce_used_at_idx", "sso_nonce", ["used_at"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_used_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("identity_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("identity_pkey")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("identity_issuer_subject_key")),
        comment="core: accounts at providers, and whose they are",
    )
    op.create_index(op.f("identity_account_id_idx"), "identity", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("identity_account_id_idx"), table_name="identity")
    op.drop_table("identity")
    op.drop_index("sso_nonce_used_at_idx", table_name="sso_nonce")
    op.drop_table("sso_nonce")
