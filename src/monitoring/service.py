"""Whether the service can do its work."""

from src.database import Connection, sql


@sql("SELECT version_num FROM alembic_version ORDER BY version_num DESC LIMIT 1")
async def find_revision(conn: Connection) -> str | None:
    """The migration that the database stands at; None before the first."""
    ...
