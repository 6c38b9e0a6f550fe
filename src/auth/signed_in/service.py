"""Seeing where one is signed in, and ending that."""

from datetime import datetime
from uuid import UUID

from src.audit.constants import Action
from src.auth.schemas import SessionId
from src.auth.signed_in import exceptions
from src.auth.signed_in.schemas import OwnSession
from src.database import Connection, Json, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.users.schemas import UserId


@sql(
    """
    WITH at_most AS (
        SELECT id, transport, auth_methods, aal, created_at, last_seen_at,
               least(idle_expires_at, expires_at) AS expires_at, ip_prefix, user_agent
          FROM session
         WHERE account_id = %(user_id)s
           AND revoked_at IS NULL
           AND idle_expires_at > now()
           AND session.expires_at > now()
           AND (created_at, id) > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY created_at, id
         LIMIT 101  -- no page has more: it is for the planner
    ), shown AS (
        SELECT id, transport, auth_methods, aal, instant(created_at) AS created_at,
               instant(last_seen_at) AS last_seen_at, instant(expires_at) AS expires_at,
               ip_prefix, user_agent AS user_agent_summary, id = %(session_id)s AS current
          FROM at_most
         ORDER BY at_most.created_at, id
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, created_at, id,
               row_number() OVER (ORDER BY created_at, id) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY created_at, id) FILTER (WHERE place <= %(limit)s),
                        '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN max(created_at || '_' || id) FILTER (WHERE place = %(limit)s)
               END AS next_cursor
          FROM listed
    )
    SELECT row_to_json(page)
      FROM page
    """
)
async def _list(
    conn: Connection,
    *,
    user_id: UserId,
    session_id: SessionId,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[OwnSession]]: ...


async def list_sessions(
    conn: Connection, *, user_id: UserId, session_id: SessionId, page: PageRequest
) -> Json[Page[OwnSession]]:
    """The sessions of a user that stand, oldest first; `session_id` is the caller's."""
    place = page.place()
    return await _list(
        conn,
        user_id=user_id,
        session_id=session_id,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    """
    WITH ended AS (
        UPDATE session
           SET revoked_at = now(), revoke_reason = 'revoked'
         WHERE id = %(session_id)s
           AND account_id = %(user_id)s
           AND revoked_at IS NULL
           AND idle_expires_at > now()
           AND expires_at > now()
        RETURNING id
    ), event AS (
        INSERT INTO audit_event (actor_id, action, object_id, detail)
        SELECT %(user_id)s, %(action)s, id, '{"scope": "one", "ended": 1}'
          FROM ended
    )
    SELECT id
      FROM ended
    """,
    missing=exceptions.SessionNotFound,
)
async def _end(
    conn: Connection, *, user_id: UserId, session_id: SessionId, action: Action
) -> SessionId: ...


async def end_session(conn: Connection, *, user_id: UserId, session_id: SessionId) -> None:
    """End one session of a user's: whoever holds its tokens is signed out at once.

    Raises SessionNotFound.
    """
    await _end(conn, user_id=user_id, session_id=session_id, action=Action.SESSION_REVOKED)
