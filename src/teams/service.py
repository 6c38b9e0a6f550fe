"""What can be done with teams, inside the caller's transaction."""

from datetime import datetime
from uuid import UUID

from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Connection, sql
from src.pagination import PageRequest, Place
from src.schemas import Page
from src.teams import exceptions
from src.teams.schemas import Team, TeamId
from src.users.schemas import UserId


@sql(
    """
    WITH new_team AS (
        INSERT INTO team (name)
        VALUES (%(name)s)
        RETURNING id, name, created_at, updated_at
    ), new_owner AS (
        INSERT INTO team_member (team_id, account_id, role)
        SELECT id, %(user_id)s, 'owner'
          FROM new_team
        RETURNING role
    )
    SELECT new_team.id, new_team.name, new_owner.role AS my_role, 1 AS member_count,
           new_team.created_at, new_team.updated_at
      FROM new_team
     CROSS JOIN new_owner
    -- The caller has just been seen, the payload holds the name's length.
    -- allow constraint(team_member_account_id_fkey, team_name_length_check)
    """
)
async def _create(conn: Connection, *, user_id: UserId, name: str) -> Team: ...


async def create(conn: Connection, *, user_id: UserId, name: str) -> Team:
    """Create a team; its creator is the first owner."""
    team = await _create(conn, user_id=user_id, name=name)
    await audit_service.record(
        conn,
        action=Action.TEAM_CREATED,
        actor_id=user_id,
        team_id=team.id,
        object_id=team.id,
        detail={},
    )
    return team


@sql(
    """
    SELECT team.id, team.name, team_member.role AS my_role,
           (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
           AS member_count,
           team.created_at, team.updated_at
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = %(team_id)s
       AND team_member.account_id = %(user_id)s
    """,
    missing=exceptions.TeamNotFound,
)
async def get(conn: Connection, *, team_id: TeamId, user_id: UserId) -> Team:
    """Return the team as the user sees it; to a stranger it does not exist."""
    ...


@sql(
    """
    SELECT team.id, team.name, team_member.role AS my_role,
           (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
           AS member_count,
           team.created_at, team.updated_at
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.account_id = %(user_id)s
       AND (team.created_at, team.id) > (%(after_at)s, %(after_id)s)  -- if after_at
     ORDER BY team.created_at, team.id
     LIMIT %(limit)s
    """
)
async def _list(
    conn: Connection,
    *,
    user_id: UserId,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> list[Team]: ...


async def list_mine(conn: Connection, *, user_id: UserId, page: PageRequest) -> Page[Team]:
    """The teams that the user belongs to, oldest first."""
    place = page.place()
    teams = await _list(
        conn,
        user_id=user_id,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.fetch,
    )
    return page.page(teams, lambda team: Place(team.created_at, team.id))
