"""What is counted, for migrations only."""

from sqlalchemy import Column, LargeBinary, Table

from src.models import instant, metadata

rate_limit = Table(
    "rate_limit",
    metadata,
    # A keyed hash of rule and subject.
    Column("key", LargeBinary, primary_key=True),
    # The theoretical arrival time: when the subject has its whole quota again.
    instant("tat", default=None),
    comment="core: counters of requests; unlogged, so that a crash only resets them",
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": "70"},
)
