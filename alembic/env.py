"""How migrations run: one at a time in an installation, and never waiting long for a lock."""

import importlib
import os
from pathlib import Path

from sqlalchemy import Connection, create_engine, pool, text

from alembic import context
from src.models import metadata

ADVISORY_LOCK = 4_170_021_118
SOURCES = Path(__file__).parent.parent / "src"

for models in sorted(SOURCES.glob("*/models.py")):
    importlib.import_module(f"src.{models.parent.name}.models")


def database_url() -> str:
    """The URL that the command was given, for SQLAlchemy."""
    url = context.config.attributes.get("url") or os.environ["DATABASE__URL"]
    return url.replace("postgres://", "postgresql://", 1).replace(
        "postgresql://", "postgresql+psycopg://", 1
    )


def is_ours(name: str | None, kind: str, *_: object) -> bool:
    """The queue's tables are Procrastinate's."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def run(connection: Connection) -> None:
    # Migrators take turns, however long; only then nothing may wait long for a lock.
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("SET lock_timeout = '4s'"))
    # Defaults are compared by what they give, and NULL equals nothing: not even the same default.
    connection.execute(text("SET core.api_key = '00000000-0000-0000-0000-000000000000'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(database_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)
