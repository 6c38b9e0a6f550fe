"""Keys by which programs call."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0f3ce04332d5"
down_revision = "2c3ecd4bd1d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['profile:read', 'profile:write',"
            " 'devices:read', 'devices:write', 'teams:join', 'teams:read', 'teams:write',"
            " 'members:read', 'members:write', 'applets:read', 'applets:write', 'answers:read',"
            " 'answers:write', 'exports:read', 'statistics:read']::text[]",
            name=op.f("api_key_scopes_check"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 100", name=op.f("api_key_name_length_check")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("api_key_expires_at_check")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("api_key_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
        sa.UniqueConstraint("key_hash", name=op.f("api_key_key_hash_key")),
        comment="core: keys of programs, as hashes; each acts for its account",
    )
    op.create_index(op.f("api_key_account_id_idx"), "api_key", ["account_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("api_key_account_id_idx"), table_name="api_key")
    op.drop_table("api_key")
