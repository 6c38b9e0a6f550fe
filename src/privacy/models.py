"""Exports of what is known of somebody, for migrations only."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from src.models import id_column, instant, metadata

account_export = Table(
    "account_export",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("state", Text, nullable=False, server_default="running"),
    # Where the mailed link leads.
    Column("page", Text, nullable=False),
    # Of the runs of its job, the one whose pieces are the file.
    Column("run", Uuid),
    # Bytes.
    Column("size", BigInteger),
    instant("created_at"),
    instant("ready_at", nullable=True),
    instant("expires_at", default=None),
    CheckConstraint("state IN ('running', 'ready', 'failed')", name="state"),
    CheckConstraint(
        "(state = 'ready') = (run IS NOT NULL AND size IS NOT NULL AND ready_at IS NOT NULL)",
        name="ready",
    ),
    Index("account_export_expires_at_idx", "expires_at"),
    comment="core: exports of what is known of somebody, one an account, for a day",
)

account_export_piece = Table(
    "account_export_piece",
    metadata,
    Column("export_id", ForeignKey("account_export.id", ondelete="CASCADE"), primary_key=True),
    Column("run", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    comment="core: the ZIP files of exports, by run of the job, in pieces",
)
