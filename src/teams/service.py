"""What can be done with teams."""

from datetime import datetime
from uuid import UUID

from src.audit.constants import Action
from src.database import Connection, Json, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.teams import exceptions
from src.teams.schemas import CreatedTeam, Team, TeamId
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
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, id, %(action)s, id, '{}'
          FROM new_team
    ), shown AS (
        SELECT new_team.id, new_team.name, new_owner.role AS my_role, 1 AS member_count,
               instant(new_team.created_at) AS created_at,
               instant(new_team.updated_at) AS updated_at
          FROM new_team
         CROSS JOIN new_owner
    )
    SELECT id, row_to_json(shown) AS body
      FROM shown
    -- The caller has just been seen, the payload holds the name's length.
    -- allow constraint(team_member_account_id_fkey, team_name_length_check)
    """
)
async def _create(
    conn: Connection, *, user_id: UserId, name: str, action: Action
) -> CreatedTeam: ...


async def create(conn: Connection, *, user_id: UserId, name: str) -> CreatedTeam:
    """Create a team; its creator is the first owner."""
    return await _create(conn, user_id=user_id, name=name, action=Action.TEAM_CREATED)


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
    WITH shown AS (
        SELECT team.id, team.name, team_member.role AS my_role,
               (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
               AS member_count,
               instant(team.created_at) AS created_at, instant(team.updated_at) AS updated_at
          FROM team_member
          JOIN team ON team.id = team_member.team_id
         WHERE team_member.team_id = %(team_id)s
           AND team_member.account_id = %(user_id)s
    )
    SELECT row_to_json(shown)
      FROM shown
    """,
    missing=exceptions.TeamNotFound,
)
async def show(conn: Connection, *, team_id: TeamId, user_id: UserId) -> Json[Team]:
    """The team as `get` returns it, on its way to the user."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT team.id, team.name, team_member.role AS my_role,
               (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
               AS member_count,
               instant(team.created_at) AS created_at, instant(team.updated_at) AS updated_at
          FROM team_member
          JOIN team ON team.id = team_member.team_id
         WHERE team_member.account_id = %(user_id)s
           AND (team.created_at, team.id) > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY team.created_at, team.id
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
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Team]]: ...


async def list_mine(conn: Connection, *, user_id: UserId, page: PageRequest) -> Json[Page[Team]]:
    """The teams that the user belongs to, oldest first."""
    place = page.place()
    return await _list(
        conn,
        user_id=user_id,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )
