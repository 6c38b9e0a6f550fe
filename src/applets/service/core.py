"""Applets themselves: making, finding and listing them."""

from datetime import datetime
from uuid import UUID

from src.applets import exceptions
from src.applets.schemas import Applet, AppletId, CreatedApplet, Tree
from src.audit.constants import Action
from src.database import Connection, Json, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.teams.constants import Role
from src.teams.schemas import TeamId
from src.users.schemas import UserId


@sql(
    """
    WITH new_applet AS (
        INSERT INTO applet (team_id, name, draft, draft_updated_by)
        VALUES (%(team_id)s, %(name)s, %(draft)s, %(user_id)s)
        RETURNING id, team_id, name, status, current_version_id, created_at
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, team_id, %(action)s, id, '{}'
          FROM new_applet
    ), shown AS (
        SELECT id, team_id, name, status, current_version_id, %(my_role)s::text AS my_role,
               instant(created_at) AS created_at
          FROM new_applet
    )
    SELECT id, row_to_json(shown) AS body
      FROM shown
    -- The caller has just been seen as a member of the team.
    -- allow constraint(applet_draft_updated_by_fkey, applet_team_id_fkey)
    """,
    constraints={"applet_team_id_name_key_key": exceptions.AppletNameTaken},
)
async def _create(
    conn: Connection,
    *,
    team_id: TeamId,
    user_id: UserId,
    name: str,
    draft: Tree,
    my_role: Role,
    action: Action,
) -> CreatedApplet: ...


async def create(
    conn: Connection, *, team_id: TeamId, user_id: UserId, my_role: Role, name: str
) -> CreatedApplet:
    """Create an applet with an empty draft."""
    return await _create(
        conn,
        team_id=team_id,
        user_id=user_id,
        name=name,
        draft={"name": name, "activities": [], "flows": []},
        my_role=my_role,
        action=Action.APPLET_CREATED,
    )


@sql(
    """
    SELECT applet.id, applet.team_id, applet.name, applet.status, applet.current_version_id,
           team_member.role AS my_role, applet.created_at
      FROM applet
      JOIN team_member ON team_member.team_id = applet.team_id
      JOIN team ON team.id = applet.team_id
     WHERE applet.id = %(applet_id)s
       AND team_member.account_id = %(user_id)s
       AND team.deleted_at IS NULL
    """,
    missing=exceptions.AppletNotFound,
)
async def get(conn: Connection, *, applet_id: AppletId, user_id: UserId) -> Applet:
    """Return the applet as a member of its team sees it; to a stranger it does not exist."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT applet.id, applet.team_id, applet.name, applet.status, applet.current_version_id,
               team_member.role AS my_role, instant(applet.created_at) AS created_at
          FROM applet
          JOIN team_member ON team_member.team_id = applet.team_id
          JOIN team ON team.id = applet.team_id
         WHERE applet.id = %(applet_id)s
           AND team_member.account_id = %(user_id)s
           AND team.deleted_at IS NULL
    )
    SELECT row_to_json(shown)
      FROM shown
    """,
    missing=exceptions.AppletNotFound,
)
async def show(conn: Connection, *, applet_id: AppletId, user_id: UserId) -> Json[Applet]:
    """The applet as `get` returns it, on its way to the user."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT applet.id, applet.team_id, applet.name, applet.status, applet.current_version_id,
               %(my_role)s::text AS my_role, instant(applet.created_at) AS created_at
          FROM applet
         WHERE applet.team_id = %(team_id)s
           AND (applet.created_at, applet.id) > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY applet.created_at, applet.id
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
    team_id: TeamId,
    my_role: Role,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Applet]]: ...


async def list_for_team(
    conn: Connection, *, team_id: TeamId, my_role: Role, page: PageRequest
) -> Json[Page[Applet]]:
    """The applets of a team, oldest first."""
    place = page.place()
    return await _list(
        conn,
        team_id=team_id,
        my_role=my_role,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )
