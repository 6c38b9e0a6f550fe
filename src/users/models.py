"""Accounts, for migrations only."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from src.models import folded, id_column, instant, metadata

account = Table(
    "account",
    metadata,
    id_column(),
    Column("email", Text, nullable=False),
    Column("email_key", Text, folded("email"), nullable=False, unique=True),
    Column("username", Text),
    Column("username_key", Text, folded("username"), unique=True),
    Column("given_name", Text, nullable=False, server_default=""),
    Column("family_name", Text, nullable=False, server_default=""),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False, server_default="en"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("status", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="person"),
    instant("email_verified_at", nullable=True),
    # While it is being deleted: until then that can be undone. A job says it where nobody has.
    instant("erase_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint(
        "status IN ('pending', 'active', 'disabled', 'deleting', 'erased')", name="status"
    ),
    CheckConstraint("erase_at IS NULL OR status = 'deleting'", name="erase_at"),
    CheckConstraint("kind IN ('person', 'service')", name="kind"),
    # A program has no mailbox, but an account an address.
    CheckConstraint("kind = 'person' OR email LIKE '%@service.invalid'", name="service_email"),
    CheckConstraint("char_length(email) BETWEEN 3 AND 254", name="email_length"),
    CheckConstraint("username ~ '^[A-Za-z0-9_.-]{3,40}$'", name="username_format"),
    Index("account_erase_at_idx", "erase_at", "id", postgresql_where=text("status = 'deleting'")),
    # For operators: the newest first, and what begins with some letters, whatever the collation.
    Index("account_created_at_idx", "created_at", "id"),
    Index(
        "account_email_prefix_idx", "email_key", postgresql_ops={"email_key": "text_pattern_ops"}
    ),
    Index(
        "account_username_prefix_idx",
        "username_key",
        postgresql_ops={"username_key": "text_pattern_ops"},
    ),
    comment="core: who someone is",
)

account_preference = Table(
    "account_preference",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("theme_mode", Text, nullable=False, server_default="system"),
    Column("theme_accent", Text),
    Column("mails", Boolean, nullable=False, server_default="true"),
    Column("pushes", Boolean, nullable=False, server_default="true"),
    instant("updated_at"),
    CheckConstraint("theme_mode IN ('light', 'dark', 'system')", name="theme_mode"),
    CheckConstraint("theme_accent ~ '^#[0-9a-f]{6}$'", name="theme_accent"),
    comment="core: how somebody likes the service to look, and to reach them",
)
