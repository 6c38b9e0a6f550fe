"""Devices and where pushes reach them, for migrations only."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from src.models import instant, metadata

device = Table(
    "device",
    metadata,
    # The client makes it, once for each installation.
    Column("id", Uuid, primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE")),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("app_version", Text, nullable=False, server_default=""),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    # SHA-256 of what the device proves itself by; none until it has been told one.
    Column("secret_hash", LargeBinary),
    instant("created_at"),
    instant("last_seen_at"),
    # When its account was last signed in to on it, its secret being shown.
    instant("signed_in_at", nullable=True),
    CheckConstraint("type IN ('ios', 'android', 'web')", name="type"),
    CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_length"),
    Index("device_account_id_created_at_id_idx", "account_id", "created_at", "id"),
    # Those that nobody has signed in on, to be forgotten.
    Index(
        "device_last_seen_at_idx", "last_seen_at", "id", postgresql_where=text("account_id IS NULL")
    ),
    comment="core: installations of apps and browsers, and who is signed in there",
)

push_token = Table(
    "push_token",
    metadata,
    # SHA-256: whoever comes with a token takes it over, for it addresses one installation.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("device_id", ForeignKey("device.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    instant("updated_at"),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
    CheckConstraint("service IN ('fcm', 'web')", name="service"),
    comment="core: where pushes reach a device, sealed; one a device, one device each",
)
