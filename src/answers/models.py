"""The store: collected data, and the forms it was collected with. For migrations only.

Every key begins with `applet_id`, so that these tables can be distributed, or moved to a server of
the team's own. They know the core tables only by id: no foreign key and no join crosses over.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from src.models import instant, metadata

version_copy = Table(
    "version_copy",
    metadata,
    Column("applet_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    PrimaryKeyConstraint("applet_id", "id"),
    comment="store: the version that people answered; the store explains itself; never changes",
)

activity_revision_copy = Table(
    "activity_revision_copy",
    metadata,
    Column("applet_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("activity_id", Uuid, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("content", JSONB, nullable=False),
    PrimaryKeyConstraint("applet_id", "id"),
    comment="store: the form that people answered; never changes",
)

submission = Table(
    "submission",
    metadata,
    Column("applet_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("applet_version_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    instant("started_at", default=None),
    instant("completed_at", default=None),
    # Not now(): a batch that commits late would land far behind those who read meanwhile.
    instant("received_at", default="statement_timestamp()"),
    Column("zone", Text, nullable=False),
    PrimaryKeyConstraint("applet_id", "id"),
    ForeignKeyConstraint(
        ["applet_id", "applet_version_id"], ["version_copy.applet_id", "version_copy.id"]
    ),
    CheckConstraint("status IN ('open', 'complete')", name="status"),
    Index("submission_applet_id_applet_version_id_idx", "applet_id", "applet_version_id"),
    Index("submission_applet_id_received_at_idx", "applet_id", "received_at", "id"),
    Index("submission_applet_id_account_id_idx", "applet_id", "account_id", "received_at", "id"),
    comment="store: one sitting of one person",
)

answer = Table(
    "answer",
    metadata,
    Column("applet_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("step", Integer, nullable=False),
    Column("activity_id", Uuid, nullable=False),
    Column("activity_revision_id", Uuid, nullable=False),
    Column("payload", JSONB, nullable=False),
    # Of the part as it was sent: the same again is no conflict, anything else is.
    Column("part_sha256", LargeBinary, nullable=False),
    Column("scores", JSONB, nullable=False),
    Column("warnings", JSONB, nullable=False),
    instant("started_at", default=None),
    instant("ended_at", default=None),
    instant("received_at", default="statement_timestamp()"),
    PrimaryKeyConstraint("applet_id", "id"),
    ForeignKeyConstraint(["applet_id", "submission_id"], ["submission.applet_id", "submission.id"]),
    ForeignKeyConstraint(
        ["applet_id", "activity_revision_id"],
        ["activity_revision_copy.applet_id", "activity_revision_copy.id"],
    ),
    UniqueConstraint("applet_id", "submission_id", "step"),
    CheckConstraint("step > 0", name="step"),
    Index("answer_applet_id_activity_revision_id_idx", "applet_id", "activity_revision_id"),
    comment="store: the answers of one activity inside a submission",
)
