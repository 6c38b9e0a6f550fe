"""Teams, for migrations only."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, text

from src.models import id_column, instant, metadata, text_domain

team_name = text_domain(
    "team_name", "char_length(VALUE) BETWEEN 1 AND 80", "team_name_length_check"
)
team_slug = text_domain("team_slug", "VALUE ~ '^[a-z0-9-]{3,50}$'", "team_slug_format_check")
inviting_role = text_domain("inviting_role", "VALUE IN ('admin', 'owner')")
invited_role = text_domain("invited_role", "VALUE IN ('viewer', 'editor', 'admin')")
team_role = text_domain("team_role", "VALUE IN ('viewer', 'editor', 'admin', 'owner')")

team = Table(
    "team",
    metadata,
    id_column(),
    Column("name", team_name, nullable=False),
    # Every statement of ours gives one; the default is for code that knows of none.
    Column(
        "slug",
        team_slug,
        nullable=False,
        unique=True,
        # As PostgreSQL spells it: to compare values would tell one random number from another.
        server_default=text(
            "('team-'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))"
        ),
    ),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("locale", Text, nullable=False, server_default="en"),
    Column("invitations_by", inviting_role, nullable=False, server_default="admin"),
    Column("default_invitation_role", invited_role, nullable=False, server_default="viewer"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    Index("team_deleted_at_idx", "deleted_at", "id", postgresql_where="deleted_at IS NOT NULL"),
    comment="core: a group of people that owns applets",
)

team_member = Table(
    "team_member",
    metadata,
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True, index=True),
    Column("role", team_role, nullable=False),
    instant("joined_at"),
    Index("team_member_team_id_joined_at_idx", "team_id", "joined_at", "account_id"),
    comment="core: who belongs to a team, and what they may do",
)
