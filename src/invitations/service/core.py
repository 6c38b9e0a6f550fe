"""One invitation: what it is at the moment, and keeping it so.

Whatever changes one, or lets somebody in by it, locks its row first and looks then: of fifty who
accept at once, each sees what the one before has left. An invitation holds for as long as who made
it could make it still.
"""

from datetime import datetime
from uuid import UUID

from src.database import Connection, Json, Transaction, sql
from src.invitations import exceptions
from src.invitations.constants import State
from src.invitations.schemas import Invitation, InvitationId
from src.pagination import PageRequest
from src.schemas import Page
from src.teams.schemas import TeamId


@sql(
    """
    SELECT invitation.id, invitation.team_id, invitation.kind, invitation.email, invitation.role,
           CASE WHEN invitation.declined_at IS NOT NULL THEN 'declined'
                WHEN invitation.uses >= invitation.max_uses THEN 'accepted'
                WHEN invitation.revoked_at IS NOT NULL THEN 'revoked'
                WHEN invitation.expires_at <= now() THEN 'expired'
                WHEN NOT invitation.is_active THEN 'inactive'
                WHEN inviter.status = 'active'
                     AND (inviting.role = 'owner'
                          OR inviting.role = 'admin'
                             AND invitation.role <> 'owner'
                             AND team.invitations_by = 'admin')
                THEN 'active'
                ELSE 'lapsed'
           END AS state,
           invitation.is_active AS active, invitation.uses, invitation.max_uses,
           invitation.invited_by,
           coalesce(nullif(inviter.display_name, ''),
                    nullif(btrim(inviter.given_name || ' ' || inviter.family_name), ''),
                    inviter.username) AS inviter_name,
           invitation.created_at, invitation.updated_at, invitation.expires_at
      FROM invitation
      JOIN team ON team.id = invitation.team_id
      JOIN account AS inviter ON inviter.id = invitation.invited_by
      LEFT JOIN team_member AS inviting
             ON inviting.team_id = invitation.team_id
            AND inviting.account_id = invitation.invited_by
     WHERE invitation.id = %(invitation_id)s
       AND invitation.team_id = %(team_id)s
       AND team.deleted_at IS NULL
    """,
    missing=exceptions.InvitationNotFound,
)
async def get(conn: Connection, *, team_id: TeamId, invitation_id: InvitationId) -> Invitation:
    """Return an invitation of the team's."""
    ...


@sql(
    """
    SELECT extract(epoch FROM now() - invitation.sent_at)::double precision
      FROM invitation
      JOIN team ON team.id = invitation.team_id
     WHERE invitation.id = %(invitation_id)s
       AND invitation.team_id = %(team_id)s
       AND team.deleted_at IS NULL
       -- The team can be neither deleted meanwhile nor change its members from above.
       FOR NO KEY UPDATE OF invitation
       FOR SHARE OF team
    """,
    missing=exceptions.InvitationNotFound,
)
async def lock(conn: Transaction, *, team_id: TeamId, invitation_id: InvitationId) -> float:
    """Let nobody else use or change the invitation; returns how many seconds ago it was sent."""
    ...


@sql(
    """
    WITH stated AS (
        SELECT invitation.id, invitation.team_id, invitation.kind, invitation.email,
               invitation.role,
               CASE WHEN invitation.declined_at IS NOT NULL THEN 'declined'
                    WHEN invitation.uses >= invitation.max_uses THEN 'accepted'
                    WHEN invitation.revoked_at IS NOT NULL THEN 'revoked'
                    WHEN invitation.expires_at <= now() THEN 'expired'
                    WHEN NOT invitation.is_active THEN 'inactive'
                    WHEN inviter.status = 'active'
                         AND (inviting.role = 'owner'
                              OR inviting.role = 'admin'
                                 AND invitation.role <> 'owner'
                                 AND team.invitations_by = 'admin')
                    THEN 'active'
                    ELSE 'lapsed'
               END AS state,
               invitation.is_active AS active, invitation.uses, invitation.max_uses,
               invitation.invited_by,
               coalesce(nullif(inviter.display_name, ''),
                        nullif(btrim(inviter.given_name || ' ' || inviter.family_name), ''),
                        inviter.username) AS inviter_name,
               invitation.created_at, invitation.updated_at, invitation.expires_at
          FROM invitation
          JOIN team ON team.id = invitation.team_id
          JOIN account AS inviter ON inviter.id = invitation.invited_by
          LEFT JOIN team_member AS inviting
                 ON inviting.team_id = invitation.team_id
                AND inviting.account_id = invitation.invited_by
         WHERE invitation.team_id = %(team_id)s
           AND (invitation.created_at, invitation.id) < (%(after_at)s, %(after_id)s)  -- if after_at
    ), shown AS (
        SELECT id, team_id, kind, email, role, state, active, uses, max_uses, invited_by,
               inviter_name, instant(stated.created_at) AS created_at,
               instant(stated.updated_at) AS updated_at, instant(stated.expires_at) AS expires_at
          FROM stated
         WHERE true
           AND state = %(state)s  -- if state
         ORDER BY stated.created_at DESC, stated.id DESC
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
async def _list(
    conn: Connection,
    *,
    team_id: TeamId,
    state: State | None,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Invitation]]: ...


async def list_for_team(
    conn: Connection, *, team_id: TeamId, state: State | None, page: PageRequest
) -> Json[Page[Invitation]]:
    """The invitations of a team, newest first; of one state only if it is given."""
    place = page.place()
    return await _list(
        conn,
        team_id=team_id,
        state=state,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )
