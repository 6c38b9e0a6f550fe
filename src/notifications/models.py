"""Messages to people, for migrations only."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from src.models import id_column, instant, metadata

message = Table(
    "message",
    metadata,
    id_column(),
    Column("channel", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("locale", Text, nullable=False),
    # Sealed: links and codes. Gone once the message is.
    Column("params", LargeBinary),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), index=True),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    instant("created_at"),
    instant("due_at"),
    instant("sent_at", nullable=True),
    CheckConstraint("channel IN ('mail', 'sms')", name="channel"),
    CheckConstraint("state IN ('queued', 'sent', 'dead')", name="state"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
    CheckConstraint("state <> 'queued' OR params IS NOT NULL", name="params"),
    Index("message_created_at_idx", "created_at"),
    # What was sent to an address, whoever had it, to be erased with the account.
    Index("message_recipient_idx", text("casefold(recipient COLLATE pg_unicode_fast)")),
    # The few that operators ask after: what waits, what was given up.
    Index("message_unsent_idx", "state", "due_at", postgresql_where=text("state <> 'sent'")),
    comment="core: mails and SMS to people, and how far they got",
)
