"""What the admins of a team do with invitations."""

from math import ceil

from src import security
from src.audit.constants import Action
from src.database import Connection, Transaction, sql
from src.exceptions import FieldError, Invalid
from src.invitations import exceptions
from src.invitations.constants import (
    EXPIRES_IN_DEFAULT,
    INVITATION_PREFIX,
    RESEND_SECONDS,
    Kind,
)
from src.invitations.schemas import (
    Invitation,
    InvitationCreate,
    InvitationId,
    InvitationUpdate,
    LinkedInvitation,
)
from src.invitations.service import core
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.security import Sealer
from src.teams import exceptions as teams_exceptions
from src.teams.constants import Role
from src.teams.schemas import MyTeam, TeamId
from src.users.schemas import UserId


@sql(
    """
    SELECT EXISTS (SELECT
                     FROM account
                     JOIN team_member ON team_member.account_id = account.id
                    WHERE account.email_key
                          = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
                      AND team_member.team_id = %(team_id)s)
    """
)
async def _is_member(conn: Connection, *, team_id: TeamId, email: str) -> bool: ...


@sql(
    """
    UPDATE invitation
       SET revoked_at = now(), updated_at = now()
     WHERE team_id = %(team_id)s
       AND email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       AND revoked_at IS NULL
       AND declined_at IS NULL
       AND uses < max_uses
       AND expires_at <= now()
    """
)
async def _replace_expired(conn: Transaction, *, team_id: TeamId, email: str) -> None:
    """Make room for a new invitation to an address whose last one has expired."""
    ...


@sql(
    """
    WITH created AS (
        INSERT INTO invitation
               (team_id, kind, email, role, token_hash, max_uses, invited_by, expires_at)
        VALUES (%(team_id)s, %(kind)s, %(email)s, %(role)s, %(token_hash)s, %(max_uses)s,
                %(user_id)s, now() + %(expires_in)s * interval '1 second')
        RETURNING id, team_id, kind, role
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, team_id, %(action)s, id,
               jsonb_build_object('kind', kind, 'role', role)
          FROM created
    )
    SELECT id
      FROM created
    -- The caller and the team have just been seen, and the payload holds to the limits.
    -- allow constraint(invitation_invited_by_fkey, invitation_team_id_fkey)
    -- allow constraint(invitation_email_check, invitation_email_max_uses_check)
    -- allow constraint(invitation_max_uses_check, invitation_uses_check)
    -- allow constraint(invitation_token_hash_length_check, invitation_token_hash_key)
    """,
    constraints={"invitation_open_idx": exceptions.AlreadyInvited},
)
async def _create(
    conn: Connection,
    *,
    team_id: TeamId,
    user_id: UserId,
    kind: Kind,
    email: str | None,
    role: Role,
    token_hash: bytes,
    max_uses: int,
    expires_in: int,
    action: Action,
) -> InvitationId: ...


async def create(
    conn: Transaction,
    sealer: Sealer,
    *,
    team: MyTeam,
    user_id: UserId,
    new: InvitationCreate,
    base_url: str,
    may_mail: bool,
) -> LinkedInvitation:
    """Invite somebody, in the name of a user who has `team.my_role`. An address gets a mail.

    Raises Invalid, RoleTooLow, RoleAboveOwn, AlreadyMember or AlreadyInvited.
    """
    role = new.role or Role(team.default_invitation_role)
    _check_payload(new)
    _check_role(team, role)
    if new.email is not None:
        if await _is_member(conn, team_id=team.id, email=new.email):
            raise exceptions.AlreadyMember()
        await _replace_expired(conn, team_id=team.id, email=new.email)
    token = security.random_token(INVITATION_PREFIX)
    invitation_id = await _create(
        conn,
        team_id=team.id,
        user_id=user_id,
        kind=new.kind,
        email=new.email,
        role=role,
        token_hash=security.token_hash(token),
        max_uses=new.max_uses,
        expires_in=new.expires_in,
        action=Action.INVITATION_CREATED,
    )
    return await _linked(conn, sealer, team, user_id, invitation_id, token, base_url, may_mail)


def _check_payload(new: InvitationCreate) -> None:
    errors = []
    if new.kind is Kind.EMAIL and new.email is None:
        errors.append(FieldError("/email", "required", "Say which email the invitation is for."))
    if new.kind is Kind.LINK and new.email is not None:
        errors.append(FieldError("/email", "invalid_value", "A link names nobody."))
    if new.kind is Kind.EMAIL and new.max_uses != 1:
        errors.append(FieldError("/max_uses", "out_of_range", "An email is invited for one use."))
    if errors:
        raise Invalid(errors=errors)


def _check_role(team: MyTeam, *roles: Role) -> None:
    """Raise RoleTooLow or RoleAboveOwn unless who has `team.my_role` may invite to these roles."""
    if not team.my_role.includes(Role(team.invitations_by)):
        raise teams_exceptions.RoleTooLow()
    if not all(map(team.my_role.includes, roles)):
        raise teams_exceptions.RoleAboveOwn()


@sql(
    """
    SELECT coalesce(invited.locale, inviter.locale)
      FROM account AS inviter
      LEFT JOIN account AS invited
             ON invited.email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
     WHERE inviter.id = %(user_id)s
    """
)
async def _locale(conn: Connection, *, email: str, user_id: UserId) -> str:
    """The language of whoever has this address, or else of who invites them."""
    ...


async def _linked(
    conn: Transaction,
    sealer: Sealer,
    team: MyTeam,
    user_id: UserId,
    invitation_id: InvitationId,
    token: str,
    base_url: str,
    may_mail: bool,
) -> LinkedInvitation:
    """The invitation with its link, which is mailed to the address that it names, if it may be.

    Whoever asked for it may pass it on as well.
    """
    made = await core.get(conn, team_id=team.id, invitation_id=invitation_id)
    url = f"{base_url}/invitations/{token}"
    if made.email is not None and may_mail:
        params = {"team": team.name, "link": url}
        if made.inviter_name is not None:
            params["inviter"] = made.inviter_name
        await notifications_service.send_mail(
            conn,
            sealer,
            template=Template.TEAM_INVITATION,
            to=made.email,
            locale=await _locale(conn, email=made.email, user_id=user_id),
            params=params,
        )
    return LinkedInvitation(
        id=made.id,
        team_id=made.team_id,
        kind=made.kind,
        email=made.email,
        role=made.role,
        state=made.state,
        active=made.active,
        uses=made.uses,
        max_uses=made.max_uses,
        invited_by=made.invited_by,
        inviter_name=made.inviter_name,
        created_at=made.created_at,
        updated_at=made.updated_at,
        expires_at=made.expires_at,
        token=token,
        url=url,
    )


@sql(
    """
    WITH changed AS (
        UPDATE invitation
           SET
               is_active = %(active)s,  -- if active
               role = %(role)s,  -- if role
               expires_at = now() + %(expires_in)s * interval '1 second',  -- if expires_in
               updated_at = now()
         WHERE id = %(invitation_id)s
        RETURNING id, team_id, is_active, role
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(user_id)s, team_id, %(action)s, id,
           jsonb_build_object('active', is_active, 'role', role)
      FROM changed
    """
)
async def _change(
    conn: Transaction,
    *,
    invitation_id: InvitationId,
    user_id: UserId,
    active: bool | None,
    role: Role | None,
    expires_in: int | None,
    action: Action,
) -> None: ...


async def update(
    conn: Transaction,
    *,
    team: MyTeam,
    user_id: UserId,
    invitation_id: InvitationId,
    change: InvitationUpdate,
) -> Invitation:
    """Change what is given. Raises InvitationNotFound, Spent, RoleTooLow or RoleAboveOwn."""
    await core.lock(conn, team_id=team.id, invitation_id=invitation_id)
    current = await core.get(conn, team_id=team.id, invitation_id=invitation_id)
    return await _changed(conn, team, user_id, current, change)


async def toggle(
    conn: Transaction, *, team: MyTeam, user_id: UserId, invitation_id: InvitationId
) -> Invitation:
    """Switch an invitation off, or on again. Raises as `update` does."""
    await core.lock(conn, team_id=team.id, invitation_id=invitation_id)
    current = await core.get(conn, team_id=team.id, invitation_id=invitation_id)
    change = InvitationUpdate(active=not current.active)
    return await _changed(conn, team, user_id, current, change)


async def _changed(
    conn: Transaction,
    team: MyTeam,
    user_id: UserId,
    current: Invitation,
    change: InvitationUpdate,
) -> Invitation:
    _check_role(team, current.role, change.role or current.role)
    if current.state.is_final:
        raise exceptions.Spent()
    await _change(
        conn,
        invitation_id=current.id,
        user_id=user_id,
        active=change.active,
        role=change.role,
        expires_in=change.expires_in,
        action=Action.INVITATION_CHANGED,
    )
    return await core.get(conn, team_id=team.id, invitation_id=current.id)


@sql(
    """
    WITH renewed AS (
        UPDATE invitation
           SET token_hash = %(token_hash)s,
               invited_by = %(user_id)s,
               is_active = true,
               expires_at = greatest(expires_at, now() + %(expires_in)s * interval '1 second'),
               sent_at = now(),
               updated_at = now()
         WHERE id = %(invitation_id)s
        RETURNING id, team_id, role
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(user_id)s, team_id, %(action)s, id, jsonb_build_object('role', role)
      FROM renewed
    -- The caller has just been seen; a secret is 32 random bytes.
    -- allow constraint(invitation_invited_by_fkey)
    -- allow constraint(invitation_token_hash_length_check, invitation_token_hash_key)
    """
)
async def _renew(
    conn: Transaction,
    *,
    invitation_id: InvitationId,
    user_id: UserId,
    token_hash: bytes,
    expires_in: int,
    action: Action,
) -> None: ...


async def resend(
    conn: Transaction,
    sealer: Sealer,
    *,
    team: MyTeam,
    user_id: UserId,
    invitation_id: InvitationId,
    base_url: str,
    may_mail: bool,
) -> LinkedInvitation:
    """Give the invitation another secret, for a week at least, in the name of who asks for it.

    Raises as `update` does, or ResentJustNow.
    """
    age = await core.lock(conn, team_id=team.id, invitation_id=invitation_id)
    current = await core.get(conn, team_id=team.id, invitation_id=invitation_id)
    _check_role(team, current.role)
    if current.state.is_final:
        raise exceptions.Spent()
    if age < RESEND_SECONDS:
        wait = min(ceil(RESEND_SECONDS - age), RESEND_SECONDS)
        raise exceptions.ResentJustNow(headers={"Retry-After": str(wait)})
    token = security.random_token(INVITATION_PREFIX)
    await _renew(
        conn,
        invitation_id=invitation_id,
        user_id=user_id,
        token_hash=security.token_hash(token),
        expires_in=EXPIRES_IN_DEFAULT,
        action=Action.INVITATION_RESENT,
    )
    return await _linked(conn, sealer, team, user_id, invitation_id, token, base_url, may_mail)


@sql(
    """
    WITH revoked AS (
        UPDATE invitation
           SET revoked_at = now(), updated_at = now()
         WHERE id = %(invitation_id)s
           AND revoked_at IS NULL
        RETURNING id, team_id, role
    )
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    SELECT %(user_id)s, team_id, %(action)s, id, jsonb_build_object('role', role)
      FROM revoked
    """
)
async def _revoke(
    conn: Transaction, *, invitation_id: InvitationId, user_id: UserId, action: Action
) -> None: ...


async def revoke(
    conn: Transaction, *, team_id: TeamId, user_id: UserId, invitation_id: InvitationId
) -> None:
    """End an invitation for good; doing so again changes nothing. Raises InvitationNotFound.

    Any admin may, whoever made it: nobody gets in by it.
    """
    await core.lock(conn, team_id=team_id, invitation_id=invitation_id)
    await _revoke(
        conn, invitation_id=invitation_id, user_id=user_id, action=Action.INVITATION_REVOKED
    )
