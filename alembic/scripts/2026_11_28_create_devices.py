"""Devices, who is signed in there, and where pushes reach them."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "e28f9dd6fa7d"
down_revision = "3c5a1f7be294"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("app_version", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_seen_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("type IN ('ios', 'android', 'web')", name=op.f("device_type_check")),
        sa.CheckConstraint(
            "octet_length(secret_hash) = 32", name=op.f("device_secret_hash_length_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("device_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("device_pkey")),
        comment="core: installations of apps and browsers, and who is signed in there",
    )
    op.create_index(
        "device_account_id_created_at_id_idx",
        "device",
        ["account_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "device_last_seen_at_idx",
        "device",
        ["last_seen_at", "id"],
        unique=False,
        postgresql_where=sa.text("account_id IS NULL"),
    )
    op.create_table(
        "push_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column(
            "updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("service IN ('fcm', 'web')", name=op.f("push_token_service_check")),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("push_token_token_hash_length_check")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("push_token_device_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("push_token_pkey")),
        sa.UniqueConstraint("device_id", name=op.f("push_token_device_id_key")),
        comment="core: where pushes reach a device, sealed; one a device, one device each",
    )
    op.add_column("session", sa.Column("device_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("session", "device_id")
    op.drop_table("push_token")
    op.drop_index(
        "device_last_seen_at_idx",
        table_name="device",
        postgresql_where=sa.text("account_id IS NULL"),
    )
    op.drop_index("device_account_id_created_at_id_idx", table_name="device")
    op.drop_table("device")
