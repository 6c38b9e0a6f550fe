"""Answers that may be given again, for migrations only."""

from sqlalchemy import Column, Index, LargeBinary, Table, Uuid

from src.models import instant, metadata

idempotency = Table(
    "idempotency",
    metadata,
    # A keyed hash of caller, operation and Idempotency-Key.
    Column("key", LargeBinary, primary_key=True),
    # A keyed hash of what was asked.
    Column("fingerprint", LargeBinary, nullable=False),
    # The request that works on it; it is taken for dead after `held_until`.
    Column("holder", Uuid, nullable=False),
    instant("held_until", default=None),
    # Sealed; NULL while the request is under way.
    Column("answer", LargeBinary),
    instant("expires_at", default=None),
    Index("idempotency_expires_at_idx", "expires_at"),
    comment="core: requests under an Idempotency-Key, with their answers, for a day",
)
