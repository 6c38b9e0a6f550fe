"""Who is in a team, and what they may do.

Whatever may cost a team its last owner first takes the team's row, so that one comes after the
other, and only then looks who is what. The trigger `team_has_owner` makes sure of it once more.
"""

from datetime import datetime
from uuid import UUID

from src.audit.constants import Action
from src.database import Connection, Json, Transaction, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.teams import exceptions
from src.teams.constants import InvitedRole, Role
from src.teams.schemas import Member, Person, Standing, TeamId, TeamVersion
from src.teams.service import core
from src.users.exceptions import UserNotFound
from src.users.schemas import UserId


@sql(
    """
    WITH member AS (
        SELECT account.id, account.kind, account.username, account.display_name,
               CASE WHEN %(sees_emails)s AND account.kind = 'person' THEN account.email END
               AS email, team_member.role,
               instant(team_member.joined_at) AS joined_at
          FROM team_member
          JOIN account ON account.id = team_member.account_id
         WHERE team_member.team_id = %(team_id)s
           AND (team_member.joined_at, team_member.account_id)  -- if after_at
               > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY team_member.joined_at, team_member.account_id
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT json_build_object(
                   'user', json_build_object('id', id, 'kind', kind, 'username', username,
                                             'display_name', display_name, 'email', email),
                   'role', role,
                   'joined_at', joined_at
               ) AS body,
               joined_at, id, row_number() OVER (ORDER BY joined_at, id) AS place
          FROM member
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY joined_at, id) FILTER (WHERE place <= %(limit)s),
                        '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN max(joined_at || '_' || id) FILTER (WHERE place = %(limit)s)
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
    sees_emails: bool,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Member]]: ...


async def list_members(
    conn: Connection, *, team_id: TeamId, my_role: Role, page: PageRequest
) -> Json[Page[Member]]:
    """The members, who has been there longest first. Admins and owners see their emails."""
    place = page.place()
    return await _list(
        conn,
        team_id=team_id,
        sees_emails=my_role.includes(Role.ADMIN),
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    """
    INSERT INTO team_member (team_id, account_id, role)
    SELECT id, %(user_id)s, %(role)s
      FROM team
     WHERE id = %(team_id)s
       AND deleted_at IS NULL
        ON CONFLICT (team_id, account_id) DO NOTHING
    -- The caller has just been seen.
    -- allow constraint(team_member_account_id_fkey)
    """
)
async def add_member(conn: Connection, *, team_id: TeamId, user_id: UserId, role: Role) -> int:
    """Bring a user into a team; returns 0 where they are in it, or there is no such team."""
    ...


@sql(
    """
    SELECT id
      FROM team
     WHERE id = %(team_id)s
       AND deleted_at IS NULL
       FOR NO KEY UPDATE
    """,
    missing=exceptions.TeamNotFound,
)
async def lock(conn: Transaction, *, team_id: TeamId) -> TeamId:
    """Keep the team, and who its owners are, as it is until the transaction ends.

    Raises TeamNotFound.
    """
    ...


@sql(
    """
    SELECT acting.role AS own_role, other.role,
           (SELECT count(*)
              FROM team_member
              JOIN account ON account.id = team_member.account_id
             WHERE team_member.team_id = acting.team_id
               AND team_member.role = 'owner'
               AND account.status <> 'deleting') AS owners
      FROM team_member AS acting
      LEFT JOIN team_member AS other
        ON other.team_id = acting.team_id
       AND other.account_id = %(user_id)s
       AND EXISTS (SELECT FROM account
                    WHERE account.id = other.account_id
                      AND account.kind = 'person')
     WHERE acting.team_id = %(team_id)s
       AND acting.account_id = %(actor_id)s
    """,
    missing=exceptions.TeamNotFound,
)
async def _look(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, user_id: UserId
) -> Standing: ...


async def standing(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, user_id: UserId, role: Role
) -> Standing:
    """What the two are, once nobody else can change it. The actor must have at least this role.

    A service account is no member here: what it is, is said where it is made.

    Raises TeamNotFound, RoleTooLow.
    """
    await lock(conn, team_id=team_id)
    found = await _look(conn, team_id=team_id, actor_id=actor_id, user_id=user_id)
    if not found.own_role.includes(role):
        raise exceptions.RoleTooLow()
    return found


@sql(
    """
    SELECT status IN ('active', 'pending')
      FROM account
     WHERE id = %(user_id)s
       FOR SHARE
    """,
    missing=exceptions.MemberNotFound,
)
async def _is_in_use(conn: Transaction, *, user_id: UserId) -> bool:
    """Whoever is about to disable or delete the account waits, or is waited for."""
    ...


@sql(
    """
    SELECT status IN ('active', 'pending')
      FROM account
     WHERE id = %(user_id)s
    """,
    missing=exceptions.MemberNotFound,
)
async def _is_seen_in_use(conn: Transaction, *, user_id: UserId) -> bool: ...


async def _demand_in_use(conn: Transaction, *, user_id: UserId, role: Role) -> None:
    """Raise AccountNotInUse unless the account of a member, who has this role, may own a team.

    The team is held. Who deletes the account of an owner has to wait for the team; theirs is not
    held too, lest each waits for the other.
    """
    is_in_use = _is_seen_in_use if role is Role.OWNER else _is_in_use
    if not await is_in_use(conn, user_id=user_id):
        raise exceptions.AccountNotInUse()


@sql(
    """
    WITH changed AS (
        UPDATE team_member
           SET role = %(role)s
         WHERE team_id = %(team_id)s
           AND account_id = %(user_id)s
        RETURNING account_id, old.role AS old_role, role, joined_at
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(actor_id)s, %(team_id)s, %(action)s, account_id,
               jsonb_build_object('from', old_role, 'to', role)
          FROM changed
    ), shown AS (
        SELECT json_build_object('id', account.id, 'kind', account.kind,
                                 'username', account.username,
                                 'display_name', account.display_name,
                                 'email', account.email) AS user,
               changed.role, instant(changed.joined_at) AS joined_at
          FROM changed
          JOIN account ON account.id = changed.account_id
    )
    SELECT row_to_json(shown)
      FROM shown
    -- The trigger speaks at the commit, and the transaction remembers the name.
    -- allow constraint(team_has_owner)
    """,
    missing=exceptions.MemberNotFound,
    constraints={"team_has_owner": exceptions.LastOwner},
)
async def _change_role(
    conn: Transaction,
    *,
    team_id: TeamId,
    actor_id: UserId,
    user_id: UserId,
    role: Role,
    action: Action,
) -> Json[Member]: ...


async def change_role(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, user_id: UserId, role: Role
) -> Json[Member]:
    """Give a member another role: admins up to their own, and to nobody who is above them.

    Raises TeamNotFound, RoleTooLow, CannotChangeSelf, MemberNotFound, RoleAboveOwn, and
    AccountNotInUse of who would become owner.
    """
    found = await standing(
        conn, team_id=team_id, actor_id=actor_id, user_id=user_id, role=Role.ADMIN
    )
    if user_id == actor_id:
        raise exceptions.CannotChangeSelf()
    if found.role is None:
        raise exceptions.MemberNotFound()
    if not (found.own_role.includes(found.role) and found.own_role.includes(role)):
        raise exceptions.RoleAboveOwn()
    if role is Role.OWNER:
        await _demand_in_use(conn, user_id=user_id, role=found.role)
    return await _change_role(
        conn,
        team_id=team_id,
        actor_id=actor_id,
        user_id=user_id,
        role=role,
        action=Action.TEAM_ROLE_CHANGED,
    )


@sql(
    """
    WITH removed AS (
        DELETE FROM team_member
         WHERE team_id = %(team_id)s
           AND account_id = %(user_id)s
        RETURNING account_id, role
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(actor_id)s, %(team_id)s, %(action)s, account_id, jsonb_build_object('role', role)
      FROM removed
    -- The trigger speaks at the commit, and the transaction remembers the name.
    -- allow constraint(team_has_owner)
    """,
    constraints={"team_has_owner": exceptions.LastOwner},
)
async def _remove(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, user_id: UserId, action: Action
) -> None: ...


async def remove(conn: Transaction, *, team_id: TeamId, actor_id: UserId, user_id: UserId) -> None:
    """Take somebody else out of the team: admins whoever is not above them.

    Raises TeamNotFound, RoleTooLow, MemberNotFound, RoleAboveOwn.
    """
    found = await standing(
        conn, team_id=team_id, actor_id=actor_id, user_id=user_id, role=Role.ADMIN
    )
    if found.role is None:
        raise exceptions.MemberNotFound()
    if not found.own_role.includes(found.role):
        raise exceptions.RoleAboveOwn()
    await _remove(
        conn,
        team_id=team_id,
        actor_id=actor_id,
        user_id=user_id,
        action=Action.TEAM_MEMBER_REMOVED,
    )


async def leave(conn: Transaction, *, team_id: TeamId, user_id: UserId) -> None:
    """Go out of the team oneself. Raises TeamNotFound, MemberNotFound, LastOwner."""
    found = await standing(
        conn, team_id=team_id, actor_id=user_id, user_id=user_id, role=Role.VIEWER
    )
    if found.role is None:
        raise exceptions.MemberNotFound()
    if found.role is Role.OWNER and found.owners == 1:
        raise exceptions.LastOwner()
    await _remove(
        conn,
        team_id=team_id,
        actor_id=user_id,
        user_id=user_id,
        action=Action.TEAM_MEMBER_LEFT,
    )


@sql(
    """
    WITH changed AS (
        UPDATE team_member
           SET role = CASE account_id WHEN %(user_id)s THEN 'owner' ELSE %(own_role)s END
         WHERE team_id = %(team_id)s
           AND account_id IN (%(user_id)s, %(actor_id)s)
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    VALUES (%(actor_id)s, %(team_id)s, %(action)s, %(user_id)s,
            jsonb_build_object('own_role', %(own_role)s::text))
    """
)
async def _transfer(
    conn: Transaction,
    *,
    team_id: TeamId,
    actor_id: UserId,
    user_id: UserId,
    own_role: InvitedRole,
    action: Action,
) -> None: ...


async def transfer(
    conn: Transaction,
    *,
    team_id: TeamId,
    actor_id: UserId,
    user_id: UserId,
    own_role: InvitedRole,
) -> TeamVersion:
    """Make a member owner, and the owner who does it what `own_role` says, in one step.

    Raises TeamNotFound, RoleTooLow, CannotChangeSelf, NotAMember, AccountNotInUse.
    """
    found = await standing(
        conn, team_id=team_id, actor_id=actor_id, user_id=user_id, role=Role.OWNER
    )
    if user_id == actor_id:
        raise exceptions.CannotChangeSelf()
    if found.role is None:
        raise exceptions.NotAMember()
    await _demand_in_use(conn, user_id=user_id, role=found.role)
    await _transfer(
        conn,
        team_id=team_id,
        actor_id=actor_id,
        user_id=user_id,
        own_role=own_role,
        action=Action.TEAM_OWNERSHIP_TRANSFERRED,
    )
    return await core.show(conn, team_id=team_id, user_id=actor_id)


@sql(
    """
    SELECT json_build_object(
               'id', account.id,
               'kind', account.kind,
               'username', account.username,
               'display_name', account.display_name)
      FROM account
     WHERE account.id = %(user_id)s
       AND account.status IN ('active', 'pending')
       AND (account.id = %(caller_id)s
            OR EXISTS (SELECT
                         FROM team_member AS mine
                         JOIN team_member AS theirs ON theirs.team_id = mine.team_id
                         JOIN team ON team.id = mine.team_id
                        WHERE mine.account_id = %(caller_id)s
                          AND theirs.account_id = %(user_id)s
                          AND team.deleted_at IS NULL))
    """,
    missing=UserNotFound,
)
async def get_person(conn: Connection, *, user_id: UserId, caller_id: UserId) -> Json[Person]:
    """Somebody who shares a team with the caller, or the caller."""
    ...
