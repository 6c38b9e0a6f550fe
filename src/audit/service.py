"""Writing down who did what, in the transaction that does it."""

from typing import Any
from uuid import UUID

from src.audit.constants import Action
from src.database import Connection, sql


@sql(
    """
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    VALUES (%(actor_id)s, %(team_id)s, %(action)s, %(object_id)s, %(detail)s)
    """
)
async def record(
    conn: Connection,
    *,
    action: Action,
    actor_id: UUID | None,
    object_id: UUID | None,
    team_id: UUID | None = None,
    detail: dict[str, Any],
) -> None:
    """Add one line. `detail` holds no secret and no answer: it is read by administrators.

    The API key that the request was made with is there by itself.
    """
    ...
