"""The audit trail. A trigger refuses changes: what was written stays written."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from src.models import instant, metadata

audit_event = Table(
    "audit_event",
    metadata,
    # Nothing is ordered by time alone: now() stands still inside a transaction.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    instant("at"),
    Column("actor_id", Uuid),
    Column("team_id", Uuid),
    Column("action", Text, nullable=False),
    Column("object_id", Uuid),
    Column("detail", JSONB, nullable=False),
    # The transaction says by which API key it is made, if by any: no statement can forget it.
    Column(
        "key_id",
        Uuid,
        # As PostgreSQL spells it.
        server_default=text(
            "(NULLIF(current_setting('core.api_key'::text, true), ''::text))::uuid"
        ),
    ),
    Index("audit_event_team_id_idx", "team_id", "id"),
    Index("audit_event_actor_id_idx", "actor_id", "id"),
    Index("audit_event_object_id_idx", "object_id", "id"),
    Index("audit_event_action_idx", "action", "id"),
    Index("audit_event_at_idx", "at"),
    Index("audit_event_key_id_idx", "key_id", "id", postgresql_where=text("key_id IS NOT NULL")),
    comment="core: who did what, to what, when; append-only",
)
