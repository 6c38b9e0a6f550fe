"""Applets themselves: making, finding and listing them."""

from datetime import datetime
from uuid import UUID

from src.applets import exceptions
from src.applets.schemas import (
    Applet,
    AppletId,
    Tree,
)
from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Connection, sql
from src.pagination import PageRequest, Place
from src.schemas import Page
from src.teams.constants import Role
from src.teams.schemas import TeamId
from src.users.schemas import UserId


@sql(
    """
    INSERT INTO applet (team_id, name, draft, draft_updated_by)
    VALUES (%(team_id)s, %(name)s, %(draft)s, %(user_id)s)
    RETURNING id, team_id, name, status, current_version_id, %(my_role)s::text AS my_role,
              created_at
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
) -> Applet: ...


async def create(
    conn: Connection, *, team_id: TeamId, user_id: UserId, my_role: Role, name: str
) -> Applet:
    """Create an applet with an empty draft."""
    applet = await _create(
        conn,
        team_id=team_id,
        user_id=user_id,
        name=name,
        draft={"name": name, "activities": [], "flows": []},
        my_role=my_role,
    )
    await audit_service.record(
        conn,
        action=Action.APPLET_CREATED,
        actor_id=user_id,
        team_id=team_id,
        object_id=applet.id,
        detail={},
    )
    return applet


@sql(
    """
    SELECT applet.id, applet.team_id, applet.name, applet.status, applet.current_version_id,
           team_member.role AS my_role, applet.created_at
      FROM applet
      JOIN team_member ON team_member.team_id = applet.team_id
     WHERE applet.id = %(applet_id)s
       AND team_member.account_id = %(user_id)s
    """,
    missing=exceptions.AppletNotFound,
)
async def get(conn: Connection, *, applet_id: AppletId, user_id: UserId) -> Applet:
    """Return the applet as a member of its team sees it; to a stranger it does not exist."""
    ...


@sql(
    """
    SELECT applet.id, applet.team_id, applet.name, applet.status, applet.current_version_id,
           %(my_role)s::text AS my_role, applet.created_at
      FROM applet
     WHERE applet.team_id = %(team_id)s
       AND (applet.created_at, applet.id) > (%(after_at)s, %(after_id)s)  -- if after_at
     ORDER BY applet.created_at, applet.id
     LIMIT %(limit)s
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
) -> list[Applet]: ...


async def list_for_team(
    conn: Connection, *, team_id: TeamId, my_role: Role, page: PageRequest
) -> Page[Applet]:
    """The applets of a team, oldest first."""
    place = page.place()
    applets = await _list(
        conn,
        team_id=team_id,
        my_role=my_role,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.fetch,
    )
    return page.page(applets, lambda applet: Place(applet.created_at, applet.id))
