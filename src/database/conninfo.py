"""From settings to what libpq, and Alembic, connect with."""

from urllib.parse import quote

from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

from src.config import DatabaseSettings

_CONNECT = {
    "connect_timeout": "2",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}


def conninfo(settings: DatabaseSettings) -> str:
    """The primary. Raises ValueError where the settings make no connection string."""
    return _from_url(conninfo_url(settings), "DATABASE__URL")


def conninfo_url(settings: DatabaseSettings) -> str:
    """The primary as a URL."""
    if settings.url is not None:
        return settings.url.get_secret_value()
    user = quote(settings.user, safe="")
    if password := settings.password.get_secret_value():
        user = f"{user}:{quote(password, safe='')}"
    host = settings.host or "127.0.0.1"
    if host.startswith("/"):
        return f"postgresql://{user}@/{quote(settings.db)}?host={quote(host)}&port={settings.port}"
    return f"postgresql://{user}@{host}:{settings.port}/{quote(settings.db, safe='')}"


def replica_conninfo(settings: DatabaseSettings) -> str | None:
    """The replica, if there is one."""
    if settings.replica_url is None:
        return None
    return _from_url(settings.replica_url.get_secret_value(), "DATABASE__REPLICA_URL")


def _from_url(url: str, setting: str) -> str:
    try:
        return make_conninfo(url, **_CONNECT)
    except ProgrammingError as exc:
        raise ValueError(f"{setting} is not a PostgreSQL URL.") from exc
