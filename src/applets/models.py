"""Applets and their versions, for migrations only. Triggers keep what is published as it is."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from src.models import id_column, instant, metadata

applet = Table(
    "applet",
    metadata,
    id_column(),
    Column("team_id", ForeignKey("team.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "name_key",
        Text,
        Computed("casefold(name COLLATE pg_unicode_fast)", persisted=True),
        nullable=False,
    ),
    Column("status", Text, nullable=False, server_default="draft"),
    Column("draft", JSONB, nullable=False),
    Column("draft_rev", BigInteger, nullable=False, server_default="1"),
    Column("draft_updated_by", ForeignKey("account.id"), nullable=False, index=True),
    instant("draft_updated_at"),
    # It closes a circle of foreign keys, so it is added once both tables stand.
    Column("current_version_id", ForeignKey("applet_version.id", use_alter=True), index=True),
    instant("created_at"),
    UniqueConstraint("team_id", "name_key"),
    CheckConstraint("status IN ('draft', 'live')", name="status"),
    CheckConstraint("(status = 'live') = (current_version_id IS NOT NULL)", name="live_version"),
    Index("applet_team_id_created_at_idx", "team_id", "created_at", "id"),
    comment="core: a questionnaire project; its draft is what editors see and nobody answers",
)

applet_version = Table(
    "applet_version",
    metadata,
    id_column(),
    Column("applet_id", ForeignKey("applet.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("published_by", ForeignKey("account.id"), nullable=False, index=True),
    instant("published_at"),
    UniqueConstraint("applet_id", "seq"),
    UniqueConstraint("applet_id", "label"),
    Index("applet_version_applet_id_published_at_idx", "applet_id", "published_at", "id"),
    comment="core: a published tree; never changes",
)

activity = Table(
    "activity",
    metadata,
    id_column(),
    Column("applet_id", ForeignKey("applet.id"), nullable=False, index=True),
    instant("created_at"),
    comment="core: one form of an applet through all its revisions",
)

activity_revision = Table(
    "activity_revision",
    metadata,
    id_column(),
    Column("activity_id", ForeignKey("activity.id"), nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("content", JSONB, nullable=False),
    instant("created_at"),
    # An unchanged activity keeps its revision over many versions of its applet.
    UniqueConstraint("activity_id", "sha256"),
    comment="core: what a form asked; never changes",
)

applet_version_activity = Table(
    "applet_version_activity",
    metadata,
    Column("applet_version_id", ForeignKey("applet_version.id"), primary_key=True),
    Column("activity_id", ForeignKey("activity.id"), primary_key=True, index=True),
    Column("activity_revision_id", ForeignKey("activity_revision.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    comment="core: which revisions a version is made of; never changes",
)
