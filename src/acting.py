"""By which API key the request under way was made, for what is written down meanwhile."""

from contextvars import ContextVar
from uuid import UUID

api_key: ContextVar[UUID | None] = ContextVar("api_key", default=None)
"""Its id; None for a session, and where there is no request."""
