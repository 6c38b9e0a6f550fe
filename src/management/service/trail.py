"""What has happened on the platform, and which keys sign."""

from datetime import datetime
from uuid import UUID

from src.audit.constants import Action
from src.auth.api_keys.schemas import ApiKeyId
from src.database import Connection, Json, sql
from src.management.schemas import AuditEvent, SigningKey
from src.pagination import PageRequest
from src.schemas import Page
from src.users.schemas import UserId


@sql(
    """
    WITH shown AS (
        SELECT audit_event.id, instant(audit_event.at) AS at, audit_event.action,
               CASE WHEN audit_event.actor_id IS NOT NULL
                    THEN json_build_object('id', audit_event.actor_id, 'email', account.email)
               END AS actor,
               audit_event.key_id, audit_event.team_id, audit_event.object_id,
               audit_event.detail
          FROM audit_event
          LEFT JOIN account ON account.id = audit_event.actor_id
         WHERE true
           AND audit_event.id < %(before)s  -- if before
           AND audit_event.action = %(action)s  -- if action
           AND audit_event.actor_id = %(actor_id)s  -- if actor_id
           AND audit_event.key_id = %(key_id)s  -- if key_id
           AND audit_event.object_id = %(object_id)s  -- if object_id
           AND audit_event.team_id = %(team_id)s  -- if team_id
           AND audit_event.at >= %(since)s  -- if since
           AND audit_event.at < %(until)s  -- if until
         ORDER BY audit_event.id DESC
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, id, row_number() OVER (ORDER BY id DESC) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY id DESC) FILTER (WHERE place <= %(limit)s),
                        '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN (min(id) FILTER (WHERE place = %(limit)s))::text
               END AS next_cursor
          FROM listed
    )
    SELECT row_to_json(page)
      FROM page
    -- What is open at one end may be most of the trail.
    -- allow scan
    """
)
async def _list_events(
    conn: Connection,
    *,
    before: int | None,
    action: Action | None,
    actor_id: UserId | None,
    key_id: ApiKeyId | None,
    object_id: UUID | None,
    team_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> Json[Page[AuditEvent]]: ...


async def list_events(
    conn: Connection,
    *,
    action: Action | None,
    actor_id: UserId | None,
    key_id: ApiKeyId | None,
    object_id: UUID | None,
    team_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
    page: PageRequest,
) -> Json[Page[AuditEvent]]:
    """The audit trail, newest first; of what is given only."""
    return await _list_events(
        conn,
        before=page.number(),
        action=action,
        actor_id=actor_id,
        key_id=key_id,
        object_id=object_id,
        team_id=team_id,
        since=since,
        until=until,
        limit=page.limit,
    )


@sql(
    """
    SELECT kid, state, created_at, activated_at, retired_at
      FROM signing_key
     ORDER BY created_at DESC, kid
     LIMIT 100
    """
)
async def list_signing_keys(conn: Connection) -> list[SigningKey]:
    """The keys of access tokens, the newest first."""
    ...
