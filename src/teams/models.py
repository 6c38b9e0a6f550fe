"""Teams, for migrations only."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from src.models import id_column, instant, metadata

team = Table(
    "team",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    # Every statement of ours gives one; the default is for code that knows of none.
    Column(
        "slug",
        Text,
        nullable=False,
        unique=True,
        # As PostgreSQL spells it: to compare values would tell one random number from another.
        server_default=text(
            "('team-'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))"
        ),
    ),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("locale", Text, nullable=False, server_default="en"),
    Column("invitations_by", Text, nullable=False, server_default="admin"),
    Column("default_invitation_role", Text, nullable=False, server_default="viewer"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
    CheckConstraint("slug ~ '^[a-z0-9-]{3,50}$'", name="slug_format"),
    CheckConstraint("invitations_by IN ('admin', 'owner')", name="invitations_by"),
    CheckConstraint(
        "default_invitation_role IN ('viewer', 'editor', 'admin')", name="default_invitation_role"
    ),
    Index("team_deleted_at_idx", "deleted_at", "id", postgresql_where="deleted_at IS NOT NULL"),
    comment="core: a group of people that owns applets",
)

team_member = Table(
    "team_member",
    metadata,
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    instant("joined_at"),
    CheckConstraint("role IN ('viewer', 'editor', 'admin', 'owner')", name="role"),
    Index("team_member_team_id_joined_at_idx", "team_id", "joined_at", "account_id"),
    comment="core: who belongs to a team, and what they may do",
)
