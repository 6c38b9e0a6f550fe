"""What has happened in a team."""

from src.audit.constants import Action
from src.database import Connection, Json, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.teams.schemas import TeamEvent, TeamId
from src.users.schemas import UserId


@sql(
    """
    WITH shown AS (
        SELECT audit_event.id, instant(audit_event.at) AS at, audit_event.action,
               CASE WHEN account.id IS NOT NULL
                    THEN json_build_object('id', account.id, 'kind', account.kind,
                                           'username', account.username,
                                           'display_name', account.display_name)
               END AS actor,
               audit_event.key_id, audit_event.object_id, audit_event.detail
          FROM audit_event
          LEFT JOIN account ON account.id = audit_event.actor_id
         WHERE audit_event.team_id = %(team_id)s
           AND audit_event.id < %(before)s  -- if before
           AND audit_event.action = %(action)s  -- if action
           AND audit_event.actor_id = %(actor_id)s  -- if actor_id
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
    """
)
async def _list(
    conn: Connection,
    *,
    team_id: TeamId,
    before: int | None,
    action: Action | None,
    actor_id: UserId | None,
    limit: int,
) -> Json[Page[TeamEvent]]: ...


async def list_events(
    conn: Connection,
    *,
    team_id: TeamId,
    action: Action | None,
    actor_id: UserId | None,
    page: PageRequest,
) -> Json[Page[TeamEvent]]:
    """The team's part of the audit trail, newest first: of one kind, or of one actor, or all."""
    return await _list(
        conn,
        team_id=team_id,
        before=page.number(),
        action=action,
        actor_id=actor_id,
        limit=page.limit,
    )
