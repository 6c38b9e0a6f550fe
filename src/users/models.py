"""Accounts, for migrations only."""

from sqlalchemy import CheckConstraint, Column, Computed, Table, Text

from src.models import id_column, instant, metadata


def _folded(column: str) -> Computed:
    """How people compare names: without case. No extension and no ICU is needed for it."""
    return Computed(f"casefold({column} COLLATE pg_unicode_fast)", persisted=True)


account = Table(
    "account",
    metadata,
    id_column(),
    Column("email", Text, nullable=False),
    Column("email_key", Text, _folded("email"), nullable=False, unique=True),
    Column("username", Text),
    Column("username_key", Text, _folded("username"), unique=True),
    Column("given_name", Text, nullable=False, server_default=""),
    Column("family_name", Text, nullable=False, server_default=""),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False, server_default="en"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("status", Text, nullable=False),
    instant("email_verified_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status IN ('pending', 'active', 'disabled', 'deleting')", name="status"),
    CheckConstraint("char_length(email) BETWEEN 3 AND 254", name="email_length"),
    CheckConstraint("username ~ '^[A-Za-z0-9_.-]{3,40}$'", name="username_format"),
    comment="core: who someone is",
)
