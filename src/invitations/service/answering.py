"""What those do who are invited."""

from datetime import datetime
from uuid import UUID

from src import security
from src.audit.constants import Action
from src.database import Connection, Json, Transaction, sql
from src.invitations import exceptions
from src.invitations.constants import Kind, State
from src.invitations.schemas import (
    Found,
    Invitation,
    InvitationId,
    Membership,
    MyInvitation,
    Preview,
)
from src.invitations.service import core
from src.pagination import PageRequest
from src.schemas import Page
from src.teams import service as teams_service
from src.teams.schemas import TeamId
from src.users.schemas import UserId


@sql(
    """
    WITH shown AS (
        SELECT team.name AS team_name, invitation.role, invitation.kind, 'active' AS state,
               coalesce(nullif(inviter.display_name, ''),
                        nullif(btrim(inviter.given_name || ' ' || inviter.family_name), ''),
                        inviter.username) AS inviter_name,
               left(invitation.email, 1) || '***@' || split_part(invitation.email, '@', -1)
               AS email_hint,
               instant(invitation.expires_at) AS expires_at
          FROM invitation
          JOIN team ON team.id = invitation.team_id
          JOIN account AS inviter ON inviter.id = invitation.invited_by
          JOIN team_member AS inviting
               ON inviting.team_id = invitation.team_id
              AND inviting.account_id = invitation.invited_by
         WHERE invitation.token_hash = %(token_hash)s
           AND team.deleted_at IS NULL
           AND invitation.is_active
           AND invitation.declined_at IS NULL
           AND invitation.revoked_at IS NULL
           AND invitation.uses < invitation.max_uses
           AND invitation.expires_at > now()
           AND inviter.status = 'active'
           AND (inviting.role = 'owner'
                OR inviting.role = 'admin'
                   AND invitation.role <> 'owner'
                   AND team.invitations_by = 'admin')
    )
    SELECT row_to_json(shown)
      FROM shown
    """,
    missing=exceptions.InvitationNotFound,
)
async def _preview(conn: Connection, *, token_hash: bytes) -> Json[Preview]: ...


async def preview(conn: Connection, *, token: str) -> Json[Preview]:
    """What somebody who has the secret is invited to, if it holds. Raises InvitationNotFound."""
    return await _preview(conn, token_hash=security.token_hash(token))


@sql(
    """
    WITH shown AS (
        SELECT invitation.id, invitation.team_id, team.name AS team_name, invitation.role,
               coalesce(nullif(inviter.display_name, ''),
                        nullif(btrim(inviter.given_name || ' ' || inviter.family_name), ''),
                        inviter.username) AS inviter_name,
               instant(invitation.created_at) AS created_at,
               instant(invitation.expires_at) AS expires_at
          FROM account
          JOIN invitation ON invitation.email_key = account.email_key
          JOIN team ON team.id = invitation.team_id
          JOIN account AS inviter ON inviter.id = invitation.invited_by
          JOIN team_member AS inviting
               ON inviting.team_id = invitation.team_id
              AND inviting.account_id = invitation.invited_by
         WHERE account.id = %(user_id)s
           AND account.email_verified_at IS NOT NULL
           AND team.deleted_at IS NULL
           AND invitation.is_active
           AND invitation.declined_at IS NULL
           AND invitation.revoked_at IS NULL
           AND invitation.uses < invitation.max_uses
           AND invitation.expires_at > now()
           AND inviter.status = 'active'
           AND (inviting.role = 'owner'
                OR inviting.role = 'admin'
                   AND invitation.role <> 'owner'
                   AND team.invitations_by = 'admin')
           AND (invitation.created_at, invitation.id) < (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY invitation.created_at DESC, invitation.id DESC
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, created_at, id,
               row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY created_at DESC, id DESC)
                        FILTER (WHERE place <= %(limit)s),
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
async def _list_mine(
    conn: Connection,
    *,
    user_id: UserId,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[MyInvitation]]: ...


async def list_mine(
    conn: Connection, *, user_id: UserId, page: PageRequest
) -> Json[Page[MyInvitation]]:
    """The invitations that hold and name the user's verified email, newest first."""
    place = page.place()
    return await _list_mine(
        conn,
        user_id=user_id,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    "SELECT id, team_id FROM invitation WHERE token_hash = %(token_hash)s",
    missing=exceptions.InvitationNotFound,
)
async def _find(conn: Connection, *, token_hash: bytes) -> Found: ...


async def find(conn: Connection, *, token: str) -> Found:
    """The invitation of this secret, whatever has become of it. Raises InvitationNotFound."""
    return await _find(conn, token_hash=security.token_hash(token))


@sql(
    """
    SELECT invitation.id, invitation.team_id
      FROM invitation
      JOIN account ON account.email_key = invitation.email_key
     WHERE invitation.id = %(invitation_id)s
       AND account.id = %(user_id)s
       AND account.email_verified_at IS NOT NULL
    """,
    missing=exceptions.InvitationNotFound,
)
async def find_mine(conn: Connection, *, user_id: UserId, invitation_id: InvitationId) -> Found:
    """An invitation to the user's verified email; to anybody else it does not exist."""
    ...


@sql(
    """
    SELECT coalesce(invitation.email_key = account.email_key, true)
      FROM invitation
     CROSS JOIN account
     WHERE invitation.id = %(invitation_id)s
       AND account.id = %(user_id)s
    """,
    missing=exceptions.InvitationNotFound,
)
async def _is_addressee(
    conn: Transaction, *, user_id: UserId, invitation_id: InvitationId
) -> bool: ...


@sql(
    """
    WITH used AS (
        UPDATE invitation
           SET uses = uses + 1, updated_at = now()
         WHERE id = %(invitation_id)s
        RETURNING id, team_id, kind, role
    ), noted AS (
        INSERT INTO invitation_use (invitation_id, account_id)
        SELECT id, %(user_id)s
          FROM used
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(user_id)s, team_id, %(action)s, id, jsonb_build_object('kind', kind, 'role', role)
      FROM used
    -- The caller has just been seen.
    -- allow constraint(invitation_use_account_id_fkey)
    """,
    constraints={
        "invitation_uses_check": exceptions.MaxUses,
        "invitation_use_pkey": exceptions.MaxUses,
    },
)
async def _use(
    conn: Transaction, *, user_id: UserId, invitation_id: InvitationId, action: Action
) -> None: ...


@sql(
    """
    SELECT team.id AS team_id, team.name AS team_name, team_member.role, team_member.joined_at
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = %(team_id)s
       AND team_member.account_id = %(user_id)s
    """,
    missing=exceptions.InvitationNotFound,
)
async def _get_membership(conn: Connection, *, team_id: TeamId, user_id: UserId) -> Membership: ...


async def accept(conn: Transaction, *, user_id: UserId, found: Found) -> Membership:
    """Join the team, each person once by an invitation; a member already stays as they are.

    Who has joined by it and is no member any more does not get in by it again. Raises
    InvitationNotFound, InvitationForOtherEmail or MaxUses.
    """
    invitation = await _held(conn, user_id=user_id, found=found, state=State.ACCEPTED)
    if await teams_service.add_member(
        conn, team_id=found.team_id, user_id=user_id, role=invitation.role
    ):
        await _use(conn, user_id=user_id, invitation_id=found.id, action=Action.INVITATION_ACCEPTED)
    return await _get_membership(conn, team_id=found.team_id, user_id=user_id)


async def _held(conn: Transaction, *, user_id: UserId, found: Found, state: State) -> Invitation:
    """The invitation, kept as it is until the transaction ends: active, or in this state.

    Raises InvitationNotFound, or InvitationForOtherEmail.
    """
    await core.lock(conn, team_id=found.team_id, invitation_id=found.id)
    invitation = await core.get(conn, team_id=found.team_id, invitation_id=found.id)
    if invitation.state not in {State.ACTIVE, state}:
        raise exceptions.InvitationNotFound()
    if not await _is_addressee(conn, user_id=user_id, invitation_id=found.id):
        raise exceptions.InvitationForOtherEmail()
    return invitation


@sql(
    """
    WITH declined AS (
        UPDATE invitation
           SET declined_at = now(), updated_at = now()
         WHERE id = %(invitation_id)s
        RETURNING id, team_id
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(user_id)s, team_id, %(action)s, id, '{}'
      FROM declined
    """
)
async def _decline(
    conn: Transaction, *, invitation_id: InvitationId, user_id: UserId, action: Action
) -> None: ...


async def decline(conn: Transaction, *, user_id: UserId, found: Found) -> None:
    """End an invitation that names the user; doing so again changes nothing.

    A link stays what it is for everybody else. Raises InvitationNotFound or
    InvitationForOtherEmail.
    """
    invitation = await _held(conn, user_id=user_id, found=found, state=State.DECLINED)
    if invitation.kind is Kind.EMAIL and invitation.state is State.ACTIVE:
        await _decline(
            conn, user_id=user_id, invitation_id=found.id, action=Action.INVITATION_DECLINED
        )
