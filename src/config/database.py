"""Where the database is, and how many connections are kept to it."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from src.config.values import Section


class DatabaseSettings(Section):
    url: SecretStr | None = None
    """PostgreSQL 18 as `postgresql://user:password@host:port/db`. With neither this nor
    `DATABASE__HOST`, a `local` service starts the PostgreSQL that comes with it in `DATA_DIR`."""
    host: str | None = None
    """Server, when `DATABASE__URL` is not given."""
    port: int = 5432
    """Port of that server."""
    user: str = "postgres"
    """User on that server."""
    password: SecretStr = SecretStr("")
    """Password of that user."""
    db: str = "core"
    """Database on that server."""
    replica_url: SecretStr | None = None
    """A read replica. Reads go there, but for those that decide on access."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections of the write pool, and as many of the read pool, in each process."""
    stream_pool_size: Annotated[int, Field(ge=1, le=50)] = 4
    """Connections for exports, in each process."""
    read_lanes: Annotated[int, Field(ge=0, le=50)] = 4
    """Connections that reads of one statement share, in each process; 0: each borrows its own."""
    write_lanes: Annotated[int, Field(ge=0, le=50)] = 16
    """Connections that writes of one statement share, in each process; 0: each borrows its own."""
    lane_depth: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Statements that may be under way on one of those; what comes beyond is sent away (503)."""
    prepare: bool = True
    """Whether statements are prepared. Off for a pooler that does not know prepared statements."""
    statement_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Seconds that a statement of a request may take."""
    stream_timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds that one fetch of an export, or a statement of a job, may take."""
    lock_timeout: Annotated[float, Field(gt=0, le=60)] = 2.0
    """Seconds that a write waits for a lock."""

    @property
    def is_given(self) -> bool:
        return self.url is not None or self.host is not None

    @field_validator("url", "replica_url")
    @classmethod
    def _is_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value
