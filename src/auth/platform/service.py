"""The roles of those who operate the platform.

The triggers of `platform_role_keeps_admin` see to it that it keeps an active admin, whoever takes
whose role away, and when.
"""

from src.auth.platform import exceptions
from src.auth.platform.schemas import Standing
from src.auth.schemas import SessionId
from src.database import Connection, Transaction, sql
from src.permissions import PlatformRole
from src.users.schemas import UserId


@sql(
    """
    SELECT (SELECT coalesce(array_agg(platform_role.role ORDER BY platform_role.role), '{}')
              FROM platform_role
             WHERE platform_role.account_id = session.account_id) AS roles,
           session.aal = 'aal2' AS has_second_factor,
           session.created_at > now() - interval '1 second' * %(absolute_seconds)s
           AND session.last_seen_at > now() - interval '1 second' * %(idle_seconds)s AS is_recent
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = %(session_id)s
       AND account.status = 'active'
    """
)
async def find_standing(
    conn: Connection, *, session_id: SessionId, idle_seconds: float, absolute_seconds: float
) -> Standing | None:
    """What the session is worth for acting as an operator; None where its account is not active."""
    ...


@sql(
    """
    INSERT INTO platform_role (account_id, role)
    SELECT %(user_id)s, wanted
      FROM unnest(%(roles)s::text[]) AS wanted
        ON CONFLICT (account_id, role) DO NOTHING
    -- The account has just been locked, and the roles are of the enumeration.
    -- allow constraint(platform_role_account_id_fkey, platform_role_role_check)
    """
)
async def grant(conn: Transaction, *, user_id: UserId, roles: list[PlatformRole]) -> int:
    """Add these roles to an account that is held; returns how many it had not."""
    ...


@sql(
    """
    DELETE FROM platform_role
     WHERE account_id = %(user_id)s
       AND role <> ALL(%(roles)s)
    -- The trigger raises it.
    -- allow constraint(platform_role_keeps_admin)
    """,
    constraints={"platform_role_keeps_admin": exceptions.LastAdmin},
)
async def _keep_only(conn: Transaction, *, user_id: UserId, roles: list[PlatformRole]) -> int: ...


async def set_roles(conn: Transaction, *, user_id: UserId, roles: list[PlatformRole]) -> bool:
    """Give an account exactly these roles; returns whether that changes any. Raises LastAdmin."""
    granted = await grant(conn, user_id=user_id, roles=roles)
    removed = await _keep_only(conn, user_id=user_id, roles=roles)
    return bool(granted or removed)
