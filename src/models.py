"""Where table definitions meet. Only `models.py` of the domains and Alembic import this."""

from sqlalchemy import Column, Computed, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import DOMAIN, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def id_column() -> Column[object]:
    """A time-ordered key that the database makes unless the statement gives one."""
    return Column("id", Uuid, primary_key=True, server_default=text("uuidv7()"))


def instant(name: str, *, nullable: bool = False, default: str | None = "now()") -> Column[object]:
    """A point in time. `default` is SQL; pass None where every statement gives the value."""
    return Column(
        name,
        TIMESTAMP(timezone=True),
        nullable=nullable,
        server_default=None if nullable or default is None else text(default),
    )


def folded(column: str) -> Computed:
    """How people compare names: without case. No extension and no ICU is needed for it."""
    return Computed(f"casefold({column} COLLATE pg_unicode_fast)", persisted=True)


def text_domain(name: str, check: str, constraint_name: str | None = None) -> DOMAIN:
    """A text that is checked by its type, as where much is inserted.

    PostgreSQL reads a table's checks anew for each statement; those of a type it keeps.
    """
    return DOMAIN(
        name,
        Text,
        check=check,
        constraint_name=constraint_name or f"{name}_check",
        create_type=False,
    )
