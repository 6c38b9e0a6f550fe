"""The end of a team: deleted, restorable for thirty days, then purged."""

from datetime import datetime

from src.audit.constants import Action
from src.database import Connection, Transaction, sql
from src.exceptions import FieldError, Invalid
from src.teams import exceptions
from src.teams.constants import Role
from src.teams.schemas import DeletedTeam, MyTeam, TeamId, TeamVersion
from src.teams.service import members
from src.users.schemas import UserId


@sql(
    """
    WITH deleted AS (
        UPDATE team
           SET deleted_at = now(),
               version = version + 1,
               updated_at = now()
         WHERE id = %(team_id)s
           AND name = %(confirm)s
        RETURNING id, name, slug, time_zone, locale, invitations_by, default_invitation_role,
                  version, created_at, updated_at, deleted_at
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, id, %(action)s, id, jsonb_build_object('name', name, 'slug', slug)
          FROM deleted
    ), shown AS (
        SELECT deleted.id, deleted.name, deleted.slug,
               json_build_object(
                   'time_zone', deleted.time_zone,
                   'locale', deleted.locale,
                   'invitations_by', deleted.invitations_by,
                   'default_invitation_role', deleted.default_invitation_role
               ) AS settings,
               'owner' AS my_role,
               (SELECT count(*) FROM team_member WHERE team_member.team_id = deleted.id)
               AS member_count,
               deleted.version, instant(deleted.created_at) AS created_at,
               instant(deleted.updated_at) AS updated_at,
               instant(deleted.deleted_at) AS deleted_at
          FROM deleted
    )
    SELECT version, row_to_json(shown) AS body
      FROM shown
    """
)
async def _delete(
    conn: Transaction, *, team_id: TeamId, user_id: UserId, confirm: str, action: Action
) -> TeamVersion | None: ...


async def delete(
    conn: Transaction, *, team_id: TeamId, user_id: UserId, confirm: str
) -> TeamVersion:
    """Let the team, and all that is its own, exist for nobody any more; owners may restore it.

    Raises Invalid unless `confirm` is its name, TeamNotFound, RoleTooLow.
    """
    await members.standing(
        conn, team_id=team_id, actor_id=user_id, user_id=user_id, role=Role.OWNER
    )
    deleted = await _delete(
        conn, team_id=team_id, user_id=user_id, confirm=confirm, action=Action.TEAM_DELETED
    )
    if deleted is None:
        raise Invalid(errors=[FieldError("/confirm", "mismatch", "This is not the team's name.")])
    return deleted


@sql(
    """
    SELECT team.id, team.name, team_member.role AS my_role, team.invitations_by,
           team.default_invitation_role
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = %(team_id)s
       AND team_member.account_id = %(user_id)s
       AND team_member.role = 'owner'
       AND team.deleted_at > now() - interval '30 days'
    """,
    missing=exceptions.TeamNotFound,
)
async def get_deleted(conn: Connection, *, team_id: TeamId, user_id: UserId) -> MyTeam:
    """Return a deleted team that the user owns and may restore; others do not exist."""
    ...


@sql("SELECT count_owned_teams(%(user_id)s)")
async def _count_owned(conn: Transaction, *, user_id: UserId) -> int: ...


@sql(
    """
    WITH restored AS (
        UPDATE team
           SET deleted_at = NULL,
               version = version + 1,
               updated_at = now()
         WHERE id = %(team_id)s
           AND deleted_at > now() - interval '30 days'
        RETURNING id, name, slug, time_zone, locale, invitations_by, default_invitation_role,
                  version, created_at, updated_at, deleted_at
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, id, %(action)s, id, '{}'
          FROM restored
    ), shown AS (
        SELECT restored.id, restored.name, restored.slug,
               json_build_object(
                   'time_zone', restored.time_zone,
                   'locale', restored.locale,
                   'invitations_by', restored.invitations_by,
                   'default_invitation_role', restored.default_invitation_role
               ) AS settings,
               'owner' AS my_role,
               (SELECT count(*) FROM team_member WHERE team_member.team_id = restored.id)
               AS member_count,
               restored.version, instant(restored.created_at) AS created_at,
               instant(restored.updated_at) AS updated_at,
               instant(restored.deleted_at) AS deleted_at
          FROM restored
    )
    SELECT version, row_to_json(shown) AS body
      FROM shown
    """,
    missing=exceptions.TeamNotFound,
)
async def _restore(
    conn: Transaction, *, team_id: TeamId, user_id: UserId, action: Action
) -> TeamVersion: ...


async def restore(
    conn: Transaction, *, team: MyTeam, user_id: UserId, limit: int | None
) -> TeamVersion:
    """Bring a deleted team back to its members, as it was.

    `limit` is how many teams one user may own, if it is limited. Raises TeamLimit, TeamNotFound.
    """
    if limit is not None and await _count_owned(conn, user_id=user_id) >= limit:
        raise exceptions.TeamLimit()
    return await _restore(conn, team_id=team.id, user_id=user_id, action=Action.TEAM_RESTORED)


@sql(
    """
    SELECT id, deleted_at
      FROM team
     WHERE deleted_at <= now() - interval '30 days'
       AND (deleted_at, id) > (%(after_at)s, %(after_id)s)  -- if after_at
     ORDER BY deleted_at, id
     LIMIT 100
    """
)
async def _list_due(
    conn: Connection, *, after_at: datetime | None, after_id: TeamId | None
) -> list[DeletedTeam]: ...


async def list_due(conn: Connection, *, after: DeletedTeam | None) -> list[DeletedTeam]:
    """Teams that nobody may restore any more, after this one, some at a time."""
    return await _list_due(
        conn,
        after_at=after.deleted_at if after else None,
        after_id=after.id if after else None,
    )


@sql(
    """
    WITH purged AS (
        DELETE FROM team
         WHERE id = %(team_id)s
           AND deleted_at <= now() - interval '30 days'
        RETURNING id, name
    ), ended AS (
        UPDATE account
           SET status = 'disabled', updated_at = now()
          FROM purged
          JOIN team_member ON team_member.team_id = purged.id
         WHERE account.id = team_member.account_id
           AND account.kind = 'service'
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT NULL, id, %(action)s, id, jsonb_build_object('name', name)
      FROM purged
    """,
    constraints={"applet_team_id_fkey": exceptions.TeamNotEmpty},
)
async def _purge(conn: Connection, *, team_id: TeamId, action: Action) -> int: ...


async def purge(conn: Connection, *, team_id: TeamId) -> bool:
    """Forget a deleted team, its members and what hangs on it; returns whether it was there.

    Its service accounts end with it.

    Raises TeamNotEmpty where it has applets: what people answered is lost to nobody's calendar.
    """
    return await _purge(conn, team_id=team_id, action=Action.TEAM_PURGED) > 0
