"""Accounts in the hands of operators.

Whatever is done to an account first takes its row, so that what was seen of it still holds. Each
thing done is written down, with its reason, in the same transaction.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.links import with_token
from src.auth.lockout import service as lockout_service
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.password.constants import RESET_TASK
from src.auth.platform import exceptions as platform_exceptions
from src.auth.platform import service as platform_service
from src.auth.platform.schemas import Operator
from src.database import Connection, Json, Pools, Transaction, sql
from src.management import exceptions
from src.management.schemas import ListedUser, ManagedUser, Target, UserCreate
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.pagination import PageRequest
from src.permissions import PlatformRole
from src.privacy import service as privacy_service
from src.schemas import Page
from src.security import Sealer
from src.teams import service as teams_service
from src.users import exceptions as users_exceptions
from src.users import service as users_service
from src.users.constants import Status
from src.users.schemas import UserId


@sql(
    """
    WITH found AS (
        SELECT account.id, account.email, account.username, account.given_name,
               account.family_name, account.display_name, account.status,
               (SELECT coalesce(json_agg(platform_role.role ORDER BY platform_role.role), '[]')
                 FROM platform_role
                WHERE platform_role.account_id = account.id) AS roles,
               instant(account.email_verified_at) AS email_verified_at,
               instant(account.created_at) AS created_at,
               instant(account.updated_at) AS updated_at
          FROM account
         WHERE account.kind = 'person'
           AND (account.created_at, account.id) < (%(after_at)s, %(after_id)s)  -- if after_at
           AND account.status = %(status)s  -- if status
           AND (account.email_key ~>=~ casefold(%(q)s COLLATE pg_unicode_fast)  -- if q
                AND account.email_key  -- if q
                    ~<~ (casefold(%(q)s COLLATE pg_unicode_fast) || chr(1114111))  -- if q
                OR account.username_key ~>=~ casefold(%(q)s COLLATE pg_unicode_fast)  -- if q
                AND account.username_key  -- if q
                    ~<~ (casefold(%(q)s COLLATE pg_unicode_fast) || chr(1114111)))  -- if q
         ORDER BY account.created_at DESC, account.id DESC
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(found) AS body, created_at, id,
               row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
          FROM found
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
    -- By status alone, the newest are walked until the page is full.
    -- allow scan
    """
)
async def _list(
    conn: Connection,
    *,
    q: str | None,
    status: Status | None,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[ListedUser]]: ...


async def list_users(
    conn: Connection, *, q: str | None, status: Status | None, page: PageRequest
) -> Json[Page[ListedUser]]:
    """Accounts, the newest first; those whose email or username begins with `q`, without case."""
    place = page.place()
    return await _list(
        conn,
        q=q,
        status=status,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT account.id, account.email, account.username, account.given_name,
                   account.family_name, account.display_name, account.locale, account.time_zone,
                   account.status,
                   (SELECT coalesce(json_agg(platform_role.role ORDER BY platform_role.role), '[]')
                     FROM platform_role
                    WHERE platform_role.account_id = account.id) AS roles,
                   EXISTS (SELECT FROM password WHERE password.account_id = account.id)
                   AS has_password,
                   (SELECT count(*)
                      FROM session
                     WHERE session.account_id = account.id
                       AND session.revoked_at IS NULL
                       AND session.idle_expires_at > now()
                       AND session.expires_at > now()) AS sessions,
                   instant((SELECT max(session.last_seen_at)
                              FROM session
                             WHERE session.account_id = account.id)) AS last_seen_at,
                   instant(account.email_verified_at) AS email_verified_at,
                   instant(account.erase_at) AS erase_at,
                   instant(account.created_at) AS created_at,
                   instant(account.updated_at) AS updated_at
              FROM account
             WHERE account.id = %(user_id)s) AS shown
    """,
    missing=users_exceptions.UserNotFound,
)
async def get_user(conn: Connection, *, user_id: UserId) -> Json[ManagedUser]:
    """The account as operators see it."""
    ...


@sql(
    """
    SELECT account.id, account.status, account.email, account.locale,
           (SELECT coalesce(array_agg(platform_role.role ORDER BY platform_role.role), '{}')
             FROM platform_role
            WHERE platform_role.account_id = account.id) AS roles
      FROM account
     WHERE account.id = %(user_id)s
       AND account.kind = 'person'
       FOR NO KEY UPDATE OF account
    """,
    missing=users_exceptions.UserNotFound,
)
async def _lock(conn: Transaction, *, user_id: UserId) -> Target: ...


async def _held(conn: Transaction, *, user_id: UserId) -> Target:
    """Raises UserNotFound and AccountErased."""
    found = await _lock(conn, user_id=user_id)
    if found.status is Status.ERASED:
        raise exceptions.AccountErased()
    return found


async def target(conn: Transaction, *, operator: Operator, user_id: UserId) -> Target:
    """The account, kept as it is until the transaction ends, for an operator who may act on it.

    Raises UserNotFound, AccountErased, CannotActOnSelf, PlatformRoleAboveOwn.
    """
    found = await _held(conn, user_id=user_id)
    if user_id == operator.id:
        raise exceptions.CannotActOnSelf()
    if not all(operator.has(PlatformRole(role)) for role in found.roles):
        raise exceptions.PlatformRoleAboveOwn()
    return found


async def _record(
    conn: Transaction,
    action: Action,
    operator: Operator,
    user_id: UserId,
    **detail: Any,
) -> None:
    await audit_service.record(
        conn, action=action, actor_id=operator.id, object_id=user_id, detail=detail
    )


@sql(
    """
    UPDATE account
       SET status = %(status)s, erase_at = NULL, updated_at = now()
     WHERE id = %(user_id)s
    -- The trigger raises it; this is not how an account comes to be deleted.
    -- allow constraint(account_keeps_platform_admin, account_erase_at_check)
    """,
    constraints={"account_keeps_platform_admin": platform_exceptions.LastAdmin},
)
async def _set_status(conn: Transaction, *, user_id: UserId, status: Status) -> int: ...


@sql(
    """
    SELECT CASE WHEN account.email_verified_at IS NULL
                     AND NOT EXISTS (SELECT FROM password
                                      WHERE password.account_id = account.id)
                THEN 'pending'
                ELSE 'active'
           END
      FROM account
     WHERE account.id = %(user_id)s
    """,
    missing=users_exceptions.UserNotFound,
)
async def _status_if_enabled(conn: Transaction, *, user_id: UserId) -> Status: ...


@sql(
    """
    WITH ending AS (
        SELECT id
          FROM session
         WHERE account_id = %(user_id)s
           AND revoked_at IS NULL
         ORDER BY id
           FOR NO KEY UPDATE
    )
    UPDATE session
       SET revoked_at = now(), revoke_reason = %(reason)s
      FROM ending
     WHERE session.id = ending.id
    -- Both columns are set.
    -- allow constraint(session_revoke_reason_check)
    """
)
async def _end_sessions(conn: Transaction, *, user_id: UserId, reason: str) -> int: ...


async def set_disabled(
    conn: Transaction, *, operator: Operator, user_id: UserId, disabled: bool, reason: str
) -> None:
    """Let nobody use the account, or let its owner use it again, which takes a deletion back.

    The sessions of a disabled account end at once. Raises what `target` does, and LastAdmin.
    """
    found = await target(conn, operator=operator, user_id=user_id)
    if disabled and found.status is not Status.DISABLED:
        await _set_status(conn, user_id=user_id, status=Status.DISABLED)
        ended = await _end_sessions(conn, user_id=user_id, reason=Status.DISABLED)
        await _record(
            conn, Action.USER_DISABLED, operator, user_id, reason=reason, sessions_ended=ended
        )
    elif not disabled and found.status in {Status.DISABLED, Status.DELETING}:
        status = await _status_if_enabled(conn, user_id=user_id)
        await _set_status(conn, user_id=user_id, status=status)
        await _record(conn, Action.USER_ENABLED, operator, user_id, reason=reason)


async def start_deletion(
    conn: Transaction,
    sealer: Sealer,
    *,
    operator: Operator,
    user_id: UserId,
    reason: str,
    days: int,
) -> None:
    """Delete the account, which is erased in so many `days`, and tell its owner.

    One that its owner is deleting is erased when that was to be, and not taken back by them any
    more. Raises what `target` does, SoleOwnerOfTeam and LastAdmin.
    """
    # In the order of those who leave by themselves: teams, secrets, the account. Whoever confirms a
    # mailed link holds that and waits for the account.
    await teams_service.lock_owned(conn, user_id=user_id)
    await onetime_service.hold(conn, user_id=user_id)
    found = await target(conn, operator=operator, user_id=user_id)
    ended = 0
    if found.status is Status.DELETING:
        if not await privacy_service.withhold_undo(conn, user_id=user_id):
            return
    else:
        await privacy_service.demand_other_owners(conn, user_id=user_id)
        begun = await privacy_service.begin(conn, user_id=user_id, days=days, by_owner=False)
        ended = begun.sessions_ended
    await _record(conn, Action.USER_DELETED, operator, user_id, reason=reason, sessions_ended=ended)
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=found.email,
        locale=found.locale,
        params={"event": SecurityEvent.ACCOUNT_DELETING},
        user_id=user_id,
    )


async def revoke_sessions(
    conn: Transaction, *, operator: Operator, user_id: UserId, reason: str
) -> None:
    """End all sessions of the account. Raises what `target` does."""
    await target(conn, operator=operator, user_id=user_id)
    ended = await _end_sessions(conn, user_id=user_id, reason="revoked_by_operator")
    await _record(
        conn, Action.USER_SESSIONS_REVOKED, operator, user_id, reason=reason, sessions_ended=ended
    )


@sql(
    """
    WITH totps AS (
        DELETE FROM totp WHERE account_id = %(user_id)s RETURNING account_id
    ), codes AS (
        DELETE FROM recovery_code WHERE account_id = %(user_id)s RETURNING account_id
    ), passkeys AS (
        DELETE FROM passkey WHERE account_id = %(user_id)s RETURNING account_id
    )
    SELECT (SELECT count(*) FROM totps) + (SELECT count(*) FROM passkeys)
    """
)
async def _remove_factors(conn: Transaction, *, user_id: UserId) -> int: ...


async def reset_mfa(
    conn: Transaction, sealer: Sealer, *, operator: Operator, user_id: UserId, reason: str
) -> None:
    """Remove all second factors, which ends the sessions. Raises what `target` does."""
    found = await target(conn, operator=operator, user_id=user_id)
    removed = await _remove_factors(conn, user_id=user_id)
    ended = await _end_sessions(conn, user_id=user_id, reason="mfa_reset")
    await _record(
        conn,
        Action.USER_MFA_RESET,
        operator,
        user_id,
        reason=reason,
        factors_removed=removed,
        sessions_ended=ended,
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=found.email,
        locale=found.locale,
        params={"event": SecurityEvent.TOTP_REMOVED},
        user_id=user_id,
    )


async def create_user(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    *,
    operator: Operator,
    new: UserCreate,
    detail: dict[str, str],
) -> tuple[UserId, Json[ManagedUser]]:
    """Make an account without a password, and mail its owner the link to choose one.

    `detail` says where links lead; `key` is the service's secret key. Raises EmailTaken and
    UsernameTaken.
    """
    user = await users_service.create(
        conn,
        email=new.email,
        username=new.username,
        given_name=new.given_name,
        family_name=new.family_name,
        locale=new.locale,
    )
    made = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.RESET_PASSWORD,
        target=user.email,
        user_id=user.id,
        detail=detail,
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.ADMIN_CREATED_USER,
        to=user.email,
        locale=user.locale,
        params={"link": with_token(detail["page"], made.token), "code": made.code},
        user_id=user.id,
    )
    await _record(conn, Action.USER_CREATED, operator, user.id, reason=new.reason)
    return user.id, await get_user(conn, user_id=user.id)


async def send_password_reset(
    conn: Transaction,
    key: bytes,
    *,
    operator: Operator,
    user_id: UserId,
    reason: str,
    detail: dict[str, str],
) -> None:
    """Mail a link for a new password, as if its owner had asked. Raises what `target` does.

    `detail` says where the link leads; `key` is the service's secret key.
    """
    found = await target(conn, operator=operator, user_id=user_id)
    await onetime_service.ask(
        conn,
        key,
        purpose=Purpose.RESET_PASSWORD,
        email=found.email,
        detail=detail,
        task=RESET_TASK,
    )
    await _record(conn, Action.USER_PASSWORD_RESET, operator, user_id, reason=reason)


async def unlock(
    conn: Transaction, pools: Pools, *, operator: Operator, user_id: UserId, reason: str
) -> None:
    """Let an account's password be tried again at once. Raises what `target` does."""
    await target(conn, operator=operator, user_id=user_id)
    await lockout_service.forget(pools, user_id=user_id)
    await _record(conn, Action.USER_UNLOCKED, operator, user_id, reason=reason)


async def set_roles(
    conn: Transaction,
    *,
    operator: Operator,
    user_id: UserId,
    roles: list[PlatformRole],
    reason: str,
) -> None:
    """Give the account exactly these roles.

    Raises UserNotFound, AccountErased, CannotActOnSelf, LastAdmin.
    """
    found = await _held(conn, user_id=user_id)
    if user_id == operator.id and PlatformRole.ADMIN not in roles:
        raise exceptions.CannotActOnSelf()
    if await platform_service.set_roles(conn, user_id=user_id, roles=roles):
        await _record(
            conn,
            Action.USER_ROLES_CHANGED,
            operator,
            user_id,
            reason=reason,
            before=found.roles,
            after=roles,
        )


@sql(
    """
    SELECT id
      FROM account
     WHERE email_key = casefold(%(email)s COLLATE pg_unicode_fast) COLLATE "default"
       FOR NO KEY UPDATE
    """
)
async def _find_by_email(conn: Transaction, *, email: str) -> UserId | None: ...


async def make_admin(conn: Transaction, *, email: str, hash: str | None) -> bool:  # noqa: A002
    """Give the account of this email the role `admin`, and make it active; returns whether it does.

    Without an account there must be the `hash` of a password, and a new one is made with it.
    """
    user_id = await _find_by_email(conn, email=email)
    if user_id is None:
        if hash is None:
            return False
        made = await users_service.create(
            conn, email=email, username=None, given_name="", family_name="", locale="en"
        )
        user_id = made.id
        await auth_service.add_password(conn, user_id=user_id, hash=hash)
    await _set_status(conn, user_id=user_id, status=Status.ACTIVE)
    await platform_service.grant(conn, user_id=user_id, roles=[PlatformRole.ADMIN])
    await audit_service.record(
        conn, action=Action.USER_MADE_ADMIN, actor_id=None, object_id=user_id, detail={}
    )
    return True
