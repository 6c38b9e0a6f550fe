"""Teams whose owner goes for good: none is left without one."""

from src.audit.constants import Action
from src.database import Connection, Transaction, sql
from src.teams.schemas import OwnedTeam, TeamId
from src.users.schemas import UserId


@sql(
    """
    SELECT team.id
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.account_id = %(user_id)s
       AND team_member.role = 'owner'
       AND team.deleted_at IS NULL
     ORDER BY team.id
       FOR NO KEY UPDATE OF team
    """
)
async def lock_owned(conn: Transaction, *, user_id: UserId) -> list[TeamId]:
    """Keep who owns the teams that the user owns as it is, until the transaction ends."""
    ...


@sql(
    """
    SELECT team.id, team.name
      FROM team_member AS owning
      JOIN team ON team.id = owning.team_id
     WHERE owning.account_id = %(user_id)s
       AND owning.role = 'owner'
       AND team.deleted_at IS NULL
       AND NOT EXISTS (SELECT
                         FROM team_member AS other
                         JOIN account ON account.id = other.account_id
                        WHERE other.team_id = owning.team_id
                          AND other.role = 'owner'
                          AND other.account_id <> owning.account_id
                          AND account.status <> 'deleting')
     ORDER BY team.id
     LIMIT 100
    """
)
async def list_owned_alone(conn: Connection, *, user_id: UserId) -> list[OwnedTeam]:
    """Teams that would have no owner without the user; who is being deleted does not count."""
    ...


@sql(
    """
    WITH heir AS (
        SELECT DISTINCT ON (member.team_id) member.team_id, member.account_id
          FROM team_member AS owning
          JOIN team ON team.id = owning.team_id
          JOIN team_member AS member ON member.team_id = owning.team_id
          JOIN account ON account.id = member.account_id
         WHERE owning.account_id = %(user_id)s
           AND owning.role = 'owner'
           AND team.deleted_at IS NULL
           AND member.account_id <> owning.account_id
           AND account.kind = 'person'
           AND account.status = 'active'
           AND member.role IN ('admin', 'editor')
           AND NOT EXISTS (SELECT
                             FROM team_member AS other
                            WHERE other.team_id = owning.team_id
                              AND other.role = 'owner'
                              AND other.account_id <> owning.account_id)
         ORDER BY member.team_id,
                  array_position(ARRAY['admin', 'editor'], member.role),
                  member.joined_at, member.account_id
    ), promoted AS (
        UPDATE team_member
           SET role = 'owner'
          FROM heir
         WHERE team_member.team_id = heir.team_id
           AND team_member.account_id = heir.account_id
        RETURNING team_member.team_id, team_member.account_id
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT NULL, team_id, %(action)s, account_id, '{}'
      FROM promoted
    """
)
async def _promote_heirs(conn: Transaction, *, user_id: UserId, action: Action) -> int: ...


@sql(
    """
    WITH ended AS (
        UPDATE team
           SET deleted_at = now(),
               version = version + 1,
               updated_at = now()
         WHERE deleted_at IS NULL
           AND id IN (SELECT owning.team_id
                        FROM team_member AS owning
                       WHERE owning.account_id = %(user_id)s
                         AND owning.role = 'owner'
                         AND NOT EXISTS (SELECT
                                           FROM team_member AS other
                                          WHERE other.team_id = owning.team_id
                                            AND other.role = 'owner'
                                            AND other.account_id <> owning.account_id))
        RETURNING id
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT NULL, id, %(action)s, id, '{}'
      FROM ended
    """
)
async def _end_ownerless(conn: Transaction, *, user_id: UserId, action: Action) -> int: ...


@sql(
    """
    WITH gone AS (
        DELETE FROM team_member
         WHERE account_id = %(user_id)s
        RETURNING team_id, role
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT NULL, team_id, %(action)s, %(user_id)s, jsonb_build_object('role', role)
      FROM gone
    """
)
async def _leave_all(conn: Transaction, *, user_id: UserId, action: Action) -> int: ...


async def bequeath(conn: Transaction, *, user_id: UserId) -> None:
    """Take the user out of every team.

    A team that they alone own goes to an admin, else an editor, whose account is active, of those
    to who has been there longest. With none of them, whatever viewers and programs it has, it is
    deleted: a viewer may be somebody whom the team studies. Nobody is deleted while they own a team
    alone, so that this is for what has come about since.
    """
    await lock_owned(conn, user_id=user_id)
    await _promote_heirs(conn, user_id=user_id, action=Action.TEAM_OWNER_SUCCEEDED)
    await _end_ownerless(conn, user_id=user_id, action=Action.TEAM_DELETED)
    await _leave_all(conn, user_id=user_id, action=Action.TEAM_MEMBER_LEFT)
