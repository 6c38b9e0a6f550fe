"""Sessions: opened at a login, read by every request, refreshed, listed as callers, ended."""

from datetime import datetime
from typing import Any

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions
from src.auth.constants import Aal, LogoutScope, Transport
from src.auth.schemas import (
    DeviceId,
    Principal,
    Profile,
    Session,
    SessionId,
    SessionSecret,
)
from src.database import Connection, Transaction, sql
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    INSERT INTO session (id, account_id, transport, refresh_key, auth_methods, aal,
                         idle_expires_at, expires_at, ip_prefix, user_agent, device_id)
    VALUES (%(session_id)s, %(user_id)s, %(transport)s, %(refresh_key)s, %(auth_methods)s,
            %(aal)s, now() + interval '1 second' * %(idle_seconds)s,
            now() + interval '1 second' * %(absolute_seconds)s, %(ip_prefix)s, %(user_agent)s,
            %(device_id)s)
    RETURNING least(idle_expires_at, expires_at)
    -- The account has just been read, the id is random.
    -- allow constraint(session_account_id_fkey, session_pkey)
    """
)
async def open_session(
    conn: Connection,
    *,
    session_id: SessionId,
    user_id: UserId,
    transport: Transport,
    refresh_key: bytes,
    auth_methods: list[str],
    aal: Aal,
    idle_seconds: float,
    absolute_seconds: float,
    ip_prefix: str,
    user_agent: str,
    device_id: DeviceId | None,
) -> datetime:
    """Start a session; returns when it ends unless it is refreshed."""
    ...


@sql(
    """
    SELECT account.id, session.id AS session_id,
           session.authenticated_at > now() - interval '15 minutes' AS is_fresh,
           account.email_verified_at IS NOT NULL AS is_verified,
           session.aal
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = ANY(%(session_ids)s)
       AND session.revoked_at IS NULL
       AND session.idle_expires_at > now()
       AND session.expires_at > now()
       AND account.status IN ('active', 'pending')
     ORDER BY session.id
    """
)
async def list_principals(conn: Connection, *, session_ids: list[SessionId]) -> list[Principal]:
    """Who is calling in these sessions; nobody once a session or its account has ended."""
    ...


@sql(
    """
    SELECT account.id, session.id AS session_id,
           session.authenticated_at > now() - interval '15 minutes' AS is_fresh,
           account.email_verified_at IS NOT NULL AS is_verified,
           session.aal,
           json_build_object(
               'id', account.id,
               'email', account.email,
               'username', account.username,
               'given_name', account.given_name,
               'family_name', account.family_name,
               'display_name', account.display_name,
               'locale', account.locale,
               'time_zone', account.time_zone,
               'status', account.status,
               'email_verified_at', instant(account.email_verified_at),
               'created_at', instant(account.created_at),
               'updated_at', instant(account.updated_at)
           ) AS account
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = ANY(%(session_ids)s)
       AND session.revoked_at IS NULL
       AND session.idle_expires_at > now()
       AND session.expires_at > now()
       AND account.status IN ('active', 'pending')
     ORDER BY session.id
    """
)
async def list_profiles(conn: Connection, *, session_ids: list[SessionId]) -> list[Profile]:
    """As `list_principals`, each with the account as its owner sees it."""
    ...


@sql(
    """
    SELECT id, transport, auth_methods, aal, device_id, authenticated_at, created_at,
           last_seen_at, least(idle_expires_at, expires_at) AS expires_at
      FROM session
     WHERE id = %(session_id)s
    """,
    missing=exceptions.SessionExpired,
)
async def get_session(conn: Connection, *, session_id: SessionId) -> Session: ...


@sql(
    """
    SELECT session.id, session.account_id AS user_id, session.transport, session.refresh_key,
           session.refresh_counter, session.auth_methods, session.aal,
           session.authenticated_at,
           session.rotated_at + interval '1 second' * %(grace_seconds)s >= now() AS is_in_grace,
           session.idle_expires_at > now()
           AND session.expires_at > now()
           AND account.status IN ('active', 'pending') AS is_alive,
           session.revoked_at IS NOT NULL AS is_revoked,
           least(session.idle_expires_at, session.expires_at) AS refresh_expires_at
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = %(session_id)s
    """,
    missing=exceptions.RefreshInvalid,
)
async def find_session(
    conn: Connection, *, session_id: SessionId, grace_seconds: float
) -> SessionSecret:
    """The session of a refresh token, as it stands at this moment."""
    ...


@sql(
    """
    SELECT session.id, session.account_id AS user_id, session.transport, session.refresh_key,
           session.refresh_counter, session.auth_methods, session.aal,
           session.authenticated_at,
           session.rotated_at + interval '1 second' * %(grace_seconds)s >= now() AS is_in_grace,
           session.idle_expires_at > now()
           AND session.expires_at > now()
           AND account.status IN ('active', 'pending') AS is_alive,
           session.revoked_at IS NOT NULL AS is_revoked,
           least(session.idle_expires_at, session.expires_at) AS refresh_expires_at
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = %(session_id)s
       FOR NO KEY UPDATE OF session
    """,
    missing=exceptions.RefreshInvalid,
)
async def lock_session(
    conn: Transaction, *, session_id: SessionId, grace_seconds: float
) -> SessionSecret:
    """The session of a refresh token, held until the transaction ends: refreshes take turns."""
    ...


@sql(
    """
    UPDATE session
       SET refresh_counter = refresh_counter + 1,
           rotated_at = now(),
           last_seen_at = now(),
           idle_expires_at = now() + interval '1 second' * %(idle_seconds)s
     WHERE id = %(session_id)s
       AND refresh_counter = %(counter)s
       AND revoked_at IS NULL
       AND idle_expires_at > now()
       AND expires_at > now()
       AND EXISTS (SELECT FROM account
                    WHERE account.id = session.account_id
                      AND account.status IN ('active', 'pending'))
    RETURNING least(idle_expires_at, expires_at)
    """
)
async def rotate_current(
    conn: Connection, *, session_id: SessionId, counter: int, idle_seconds: float
) -> datetime | None:
    """Move on from exactly this refresh token; None where that is not the order of things."""
    ...


@sql(
    """
    UPDATE session
       SET authenticated_at = now(),
           auth_methods = ARRAY(SELECT DISTINCT method
                                  FROM unnest(auth_methods || %(auth_methods)s::text[]) AS method
                                 ORDER BY method),
           aal = CASE WHEN aal = 'aal2' THEN aal ELSE %(aal)s END,
           refresh_counter = refresh_counter + 1,
           rotated_at = now(),
           last_seen_at = now(),
           idle_expires_at = now() + interval '1 second' * %(idle_seconds)s
     WHERE id = %(session_id)s
       AND revoked_at IS NULL
       AND idle_expires_at > now()
       AND expires_at > now()
    RETURNING id, account_id AS user_id, transport, refresh_key, refresh_counter, auth_methods,
              aal, authenticated_at, true AS is_in_grace, true AS is_alive, false AS is_revoked,
              least(idle_expires_at, expires_at) AS refresh_expires_at
    """,
    missing=exceptions.InvalidToken,
)
async def confirm_session(
    conn: Connection,
    *,
    session_id: SessionId,
    auth_methods: list[str],
    aal: Aal,
    idle_seconds: float,
) -> SessionSecret:
    """Note that its user has just proved again who they are, and move on to the next tokens."""
    ...


@sql(
    """
    WITH ending AS (
        SELECT id
          FROM session
         WHERE account_id = %(user_id)s
           AND revoked_at IS NULL
           AND (%(scope)s = 'all' OR (id = %(session_id)s::uuid) = (%(scope)s = 'current'))
         ORDER BY id  -- two of them at once take turns
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
async def _revoke(
    conn: Connection,
    *,
    user_id: UserId,
    session_id: SessionId | None,
    scope: LogoutScope,
    reason: str,
) -> int: ...


async def revoke_sessions(
    conn: Transaction,
    *,
    user_id: UserId,
    session_id: SessionId,
    scope: LogoutScope,
    reason: str,
) -> None:
    """End this session, the others, or all of them."""
    ended = await _revoke(conn, user_id=user_id, session_id=session_id, scope=scope, reason=reason)
    await _record(
        conn, Action.SESSION_REVOKED, user_id, session_id, {"scope": scope, "ended": ended}
    )


async def revoke_other_sessions(conn: Transaction, *, caller: Principal, reason: str) -> None:
    """End all sessions of the caller but the one that calls: what signs in has changed."""
    user_id, session_id, scope = caller.id, caller.session_id, LogoutScope.OTHERS
    ended = await _revoke(conn, user_id=user_id, session_id=session_id, scope=scope, reason=reason)
    if ended:
        detail = {"scope": scope, "ended": ended}
        await _record(conn, Action.SESSION_REVOKED, user_id, session_id, detail)


async def revoke_all_sessions(conn: Transaction, *, user_id: UserId, reason: str) -> None:
    """End every session of somebody who is signed in by none of them."""
    ended = await _revoke(
        conn, user_id=user_id, session_id=None, scope=LogoutScope.ALL, reason=reason
    )
    await audit_service.record(
        conn,
        action=Action.SESSION_REVOKED,
        actor_id=user_id,
        object_id=user_id,
        detail={"scope": LogoutScope.ALL, "ended": ended},
    )


async def revoke_reused(conn: Transaction, sealer: Sealer, *, session: SessionSecret) -> None:
    """End the session whose refresh token came twice, and say so to its owner.

    One of the two holders stole it.
    """
    await _revoke(
        conn,
        user_id=session.user_id,
        session_id=session.id,
        scope=LogoutScope.CURRENT,
        reason="refresh_token_reused",
    )
    await _record(conn, Action.REFRESH_TOKEN_REUSED, session.user_id, session.id, {})
    user = await users_service.get(conn, user_id=session.user_id)
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=user.email,
        locale=user.locale,
        params={"event": SecurityEvent.REFRESH_TOKEN_REUSED},
        user_id=session.user_id,
    )


async def _record(
    conn: Connection,
    action: Action,
    user_id: UserId,
    session_id: SessionId,
    detail: dict[str, Any],
) -> None:
    await audit_service.record(
        conn, action=action, actor_id=user_id, object_id=session_id, detail=detail
    )


@sql(
    """
    DELETE FROM session
     WHERE id IN (SELECT id
                    FROM session
                   WHERE expires_at < now() - interval '30 days'
                   ORDER BY expires_at, id
                   LIMIT 1000)
    """
)
async def purge_sessions(conn: Connection) -> int:
    """Forget sessions that ended a month ago, some at a time; returns how many."""
    ...
