"""Invitations, and who has joined by which."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "e5b8d24f60a1"
down_revision = "a3f6c19e7d42"
branch_labels = None
depends_on = None


def instant(name: str, *, nullable: bool = False, default: str | None = "now()") -> sa.Column:
    return sa.Column(
        name,
        postgresql.TIMESTAMP(timezone=True),
        server_default=None if nullable or default is None else sa.text(default),
        nullable=nullable,
    )


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column(
            "email_key",
            sa.Text(),
            sa.Computed("casefold(email COLLATE pg_unicode_fast)", persisted=True),
            nullable=True,
        ),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        instant("created_at"),
        instant("updated_at"),
        instant("sent_at"),
        instant("expires_at", default=None),
        instant("declined_at", nullable=True),
        instant("revoked_at", nullable=True),
        sa.CheckConstraint("kind IN ('email', 'link')", name=op.f("invitation_kind_check")),
        sa.CheckConstraint(
            "(kind = 'email') = (email IS NOT NULL)", name=op.f("invitation_email_check")
        ),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'admin', 'owner')", name=op.f("invitation_role_check")
        ),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("invitation_token_hash_length_check")
        ),
        sa.CheckConstraint("max_uses BETWEEN 1 AND 1000", name=op.f("invitation_max_uses_check")),
        sa.CheckConstraint(
            "kind = 'link' OR max_uses = 1", name=op.f("invitation_email_max_uses_check")
        ),
        sa.CheckConstraint("uses BETWEEN 0 AND max_uses", name=op.f("invitation_uses_check")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("invitation_team_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["account.id"], name=op.f("invitation_invited_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("invitation_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("invitation_token_hash_key")),
        comment="core: who may join a team, in which role, until when",
    )
    op.create_index(op.f("invitation_invited_by_idx"), "invitation", ["invited_by"])
    op.create_index(
        "invitation_team_id_created_at_id_idx", "invitation", ["team_id", "created_at", "id"]
    )
    op.create_index(
        "invitation_open_idx",
        "invitation",
        ["email_key", "team_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND declined_at IS NULL AND uses < max_uses"),
    )
    op.create_table(
        "invitation_use",
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        instant("used_at"),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.id"],
            name=op.f("invitation_use_invitation_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("invitation_use_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", "account_id", name=op.f("invitation_use_pkey")),
        comment="core: who has joined by which invitation; nobody does so twice by the same",
    )
    op.create_index(op.f("invitation_use_account_id_idx"), "invitation_use", ["account_id"])


def downgrade() -> None:
    op.drop_table("invitation_use")
    op.drop_table("invitation")
