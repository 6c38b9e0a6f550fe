"""Accounts, sessions, teams, applets and the audit trail."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "be73740e8246"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "email_key",
            sa.Text(),
            sa.Computed("casefold(email COLLATE pg_unicode_fast)", persisted=True),
            nullable=False,
        ),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column(
            "username_key",
            sa.Text(),
            sa.Computed("casefold(username COLLATE pg_unicode_fast)", persisted=True),
            nullable=True,
        ),
        sa.Column("given_name", sa.Text(), server_default="", nullable=False),
        sa.Column("family_name", sa.Text(), server_default="", nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("email_verified_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'disabled', 'deleting')",
            name=op.f("account_status_check"),
        ),
        sa.CheckConstraint(
            "username ~ '^[A-Za-z0-9_.-]{3,40}$'", name=op.f("account_username_format_check")
        ),
        sa.CheckConstraint(
            "char_length(email) BETWEEN 3 AND 254", name=op.f("account_email_length_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("email_key", name=op.f("account_email_key_key")),
        sa.UniqueConstraint("username_key", name=op.f("account_username_key_key")),
        comment="core: who someone is",
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_event_pkey")),
        comment="core: who did what, to what, when; append-only",
    )
    op.create_index("audit_event_actor_id_idx", "audit_event", ["actor_id", "id"], unique=False)
    op.create_index("audit_event_team_id_idx", "audit_event", ["team_id", "id"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("activated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("retired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('next', 'active', 'retired')", name=op.f("signing_key_state_check")
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("signing_key_pkey")),
        comment="core: ES256 keys of access tokens, private halves sealed",
    )
    op.create_index(
        "signing_key_state_idx",
        "signing_key",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state <> 'retired'"),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 80", name=op.f("team_name_length_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("team_pkey")),
        comment="core: a group of people that owns applets",
    )
    op.create_table(
        "applet",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "name_key",
            sa.Text(),
            sa.Computed("casefold(name COLLATE pg_unicode_fast)", persisted=True),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("draft", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("draft_rev", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("draft_updated_by", sa.Uuid(), nullable=False),
        sa.Column(
            "draft_updated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("current_version_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'live') = (current_version_id IS NOT NULL)",
            name=op.f("applet_live_version_check"),
        ),
        sa.CheckConstraint("status IN ('draft', 'live')", name=op.f("applet_status_check")),
        sa.ForeignKeyConstraint(
            ["draft_updated_by"], ["account.id"], name=op.f("applet_draft_updated_by_fkey")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("applet_team_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("applet_pkey")),
        sa.UniqueConstraint("team_id", "name_key", name=op.f("applet_team_id_name_key_key")),
        comment="core: a questionnaire project; its draft is what editors see and nobody answers",
    )
    op.create_index(
        op.f("applet_current_version_id_idx"), "applet", ["current_version_id"], unique=False
    )
    op.create_index(
        op.f("applet_draft_updated_by_idx"), "applet", ["draft_updated_by"], unique=False
    )
    op.create_index(
        "applet_team_id_created_at_idx", "applet", ["team_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "password",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column(
            "changed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("password_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("password_pkey")),
        comment="core: argon2id hashes",
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("refresh_key", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_counter", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "rotated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("auth_methods", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "authenticated_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
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
        sa.Column("idle_expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.Column("ip_prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "transport IN ('bearer', 'cookie')", name=op.f("session_transport_check")
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoke_reason IS NULL)",
            name=op.f("session_revoke_reason_check"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("session_account_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("session_pkey")),
        comment="core: one row a sign-in; refreshing changes it and adds none",
    )
    op.create_index(op.f("session_account_id_idx"), "session", ["account_id"], unique=False)
    op.create_index("session_expires_at_idx", "session", ["expires_at"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "joined_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'admin', 'owner')", name=op.f("team_member_role_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("team_member_account_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("team_member_team_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "account_id", name=op.f("team_member_pkey")),
        comment="core: who belongs to a team, and what they may do",
    )
    op.create_index(op.f("team_member_account_id_idx"), "team_member", ["account_id"], unique=False)
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["applet_id"], ["applet.id"], name=op.f("activity_applet_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("activity_pkey")),
        comment="core: one form of an applet through all its revisions",
    )
    op.create_index(op.f("activity_applet_id_idx"), "activity", ["applet_id"], unique=False)
    op.create_table(
        "applet_version",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.Column(
            "published_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["applet_id"], ["applet.id"], name=op.f("applet_version_applet_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["account.id"], name=op.f("applet_version_published_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("applet_version_pkey")),
        sa.UniqueConstraint("applet_id", "label", name=op.f("applet_version_applet_id_label_key")),
        sa.UniqueConstraint("applet_id", "seq", name=op.f("applet_version_applet_id_seq_key")),
        comment="core: a published tree; never changes",
    )
    op.create_index(
        "applet_version_applet_id_published_at_idx",
        "applet_version",
        ["applet_id", "published_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("applet_version_published_by_idx"), "applet_version", ["published_by"], unique=False
    )
    op.create_table(
        "activity_revision",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("activity_revision_activity_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("activity_revision_pkey")),
        sa.UniqueConstraint(
            "activity_id", "sha256", name=op.f("activity_revision_activity_id_sha256_key")
        ),
        comment="core: what a form asked; never changes",
    )
    op.create_table(
        "applet_version_activity",
        sa.Column("applet_version_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("activity_revision_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("applet_version_activity_activity_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["activity_revision_id"],
            ["activity_revision.id"],
            name=op.f("applet_version_activity_activity_revision_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["applet_version_id"],
            ["applet_version.id"],
            name=op.f("applet_version_activity_applet_version_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "applet_version_id", "activity_id", name=op.f("applet_version_activity_pkey")
        ),
        comment="core: which revisions a version is made of; never changes",
    )
    op.create_index(
        op.f("applet_version_activity_activity_id_idx"),
        "applet_version_activity",
        ["activity_id"],
        unique=False,
    )
    op.create_index(
        op.f("applet_version_activity_activity_revision_id_idx"),
        "applet_version_activity",
        ["activity_revision_id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("applet_current_version_id_fkey"),
        "applet",
        "applet_version",
        ["current_version_id"],
        ["id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("applet_current_version_id_fkey"), "applet", type_="foreignkey")
    op.drop_index(
        op.f("applet_version_activity_activity_revision_id_idx"),
        table_name="applet_version_activity",
    )
    op.drop_index(
        op.f("applet_version_activity_activity_id_idx"), table_name="applet_version_activity"
    )
    op.drop_table("applet_version_activity")
    op.drop_table("activity_revision")
    op.drop_index(op.f("applet_version_published_by_idx"), table_name="applet_version")
    op.drop_index("applet_version_applet_id_published_at_idx", table_name="applet_version")
    op.drop_table("applet_version")
    op.drop_index(op.f("activity_applet_id_idx"), table_name="activity")
    op.drop_table("activity")
    op.drop_index(op.f("team_member_account_id_idx"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_index("session_expires_at_idx", table_name="session")
    op.drop_index(op.f("session_account_id_idx"), table_name="session")
    op.drop_table("session")
    op.drop_table("password")
    op.drop_index("applet_team_id_created_at_idx", table_name="applet")
    op.drop_index(op.f("applet_draft_updated_by_idx"), table_name="applet")
    op.drop_index(op.f("applet_current_version_id_idx"), table_name="applet")
    op.drop_table("applet")
    op.drop_table("team")
    op.drop_index(
        "signing_key_state_idx",
        table_name="signing_key",
        postgresql_where=sa.text("state <> 'retired'"),
    )
    op.drop_table("signing_key")
    op.drop_index("audit_event_team_id_idx", table_name="audit_event")
    op.drop_index("audit_event_actor_id_idx", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("account")
