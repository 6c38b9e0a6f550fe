"""Invitations, for migrations only."""

from sqlalchemy import (
    Boolean,
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

from src.models import folded, id_column, instant, metadata

invitation = Table(
    "invitation",
    metadata,
    id_column(),
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("email", Text),
    Column("email_key", Text, folded("email")),
    Column("role", Text, nullable=False),
    # SHA-256 of the secret in the link; the id is no secret.
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    Column("invited_by", ForeignKey("account.id"), nullable=False, index=True),
    instant("created_at"),
    instant("updated_at"),
    instant("sent_at"),
    instant("expires_at", default=None),
    instant("declined_at", nullable=True),
    instant("revoked_at", nullable=True),
    CheckConstraint("kind IN ('email', 'link')", name="kind"),
    CheckConstraint("(kind = 'email') = (email IS NOT NULL)", name="email"),
    CheckConstraint("role IN ('viewer', 'editor', 'admin', 'owner')", name="role"),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash_length"),
    CheckConstraint("max_uses BETWEEN 1 AND 1000", name="max_uses"),
    CheckConstraint("kind = 'link' OR max_uses = 1", name="email_max_uses"),
    CheckConstraint("uses BETWEEN 0 AND max_uses", name="uses"),
    Index("invitation_team_id_created_at_id_idx", "team_id", "created_at", "id"),
    # All that were ever sent to an address, to be erased with the account.
    Index("invitation_email_key_idx", "email_key"),
    # An address is invited once at a time; it is found by its key, whatever the team.
    Index(
        "invitation_open_idx",
        "email_key",
        "team_id",
        unique=True,
        postgresql_where=text("revoked_at IS NULL AND declined_at IS NULL AND uses < max_uses"),
    ),
    comment="core: who may join a team, in which role, until when",
)

invitation_use = Table(
    "invitation_use",
    metadata,
    Column("invitation_id", ForeignKey("invitation.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    instant("used_at"),
    comment="core: who has joined by which invitation; nobody does so twice by the same",
)
