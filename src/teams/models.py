"""Teams, for migrations only."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text

from src.models import id_column, instant, metadata

team = Table(
    "team",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
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
    comment="core: who belongs to a team, and what they may do",
)
