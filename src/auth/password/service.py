"""Passwords of accounts: set, changed, taken away."""

from datetime import datetime

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions
from src.auth import service as auth_service
from src.auth.mfa import service as mfa_service
from src.auth.onetime import service as onetime_service
from src.auth.password.constants import KILLED
from src.auth.password.schemas import OwnPasswordSecret
from src.database import Connection, Transaction, sql
from src.users.schemas import UserId


@sql(
    """
    SELECT password.hash, password.changed_at,
           ARRAY[split_part(account.email, '@', 1), coalesce(account.username, ''),
                 account.given_name, account.family_name, account.display_name] AS context
      FROM account
      LEFT JOIN password ON password.account_id = account.id
     WHERE account.id = %(user_id)s
    """,
    missing=exceptions.InvalidToken,
)
async def get_own(conn: Connection, *, user_id: UserId) -> OwnPasswordSecret:
    """The password of somebody who is signed in."""
    ...


@sql(
    """
    INSERT INTO password (account_id, hash, is_short)
    VALUES (%(user_id)s, %(hash)s, %(is_short)s)
        ON CONFLICT (account_id) DO NOTHING
    -- The account has just been seen.
    -- allow constraint(password_account_id_fkey)
    """
)
async def _add_first(
    conn: Connection,
    *,
    user_id: UserId,
    hash: str,  # noqa: A002
    is_short: bool,
) -> int:
    """Give an account its first password; 0 if it has got one meanwhile."""
    ...


@sql(
    """
    UPDATE password
       SET hash = %(hash)s, is_short = %(is_short)s, changed_at = now()
     WHERE account_id = %(user_id)s
       AND changed_at = %(changed_at)s
    """
)
async def _replace(
    conn: Connection,
    *,
    user_id: UserId,
    hash: str,  # noqa: A002
    is_short: bool,
    changed_at: datetime,
) -> int:
    """Replace the password that was set at `changed_at`; 0 if it has been replaced meanwhile."""
    ...


@sql("DELETE FROM password WHERE account_id = %(user_id)s")
async def _remove(conn: Connection, *, user_id: UserId) -> int:
    """Take the password away; returns how many there were."""
    ...


async def set_own(
    conn: Transaction,
    *,
    user_id: UserId,
    hash: str,  # noqa: A002
    is_short: bool,
    replaces: datetime | None,
) -> None:
    """Set the password of somebody who knows the old one, or has none: `replaces` is None then.

    Raises InvalidCredentials if another password has been set meanwhile, and LongerPasswordRequired
    if a short one has lost the second factor beside which it would have been enough.
    """
    if is_short:
        await auth_service.hold_account(conn, user_id=user_id)
        await mfa_service.demand_second_factor(conn, user_id=user_id)
    if replaces is None:
        changed = await _add_first(conn, user_id=user_id, hash=hash, is_short=is_short)
    else:
        changed = await _replace(
            conn, user_id=user_id, hash=hash, is_short=is_short, changed_at=replaces
        )
    if not changed:
        raise exceptions.InvalidCredentials("The password has just been changed.")
    await onetime_service.forget(conn, user_id=user_id, purposes=KILLED)
    await _record(conn, Action.PASSWORD_CHANGED, user_id, {"is_first": replaces is None})


async def remove(conn: Transaction, *, user_id: UserId) -> None:
    """Take the password away; without one nothing happens. Raises LastLoginMethod."""
    await auth_service.hold_account(conn, user_id=user_id)
    if await _remove(conn, user_id=user_id):
        await auth_service.demand_login_method(conn, user_id=user_id)
        await onetime_service.forget(conn, user_id=user_id, purposes=KILLED)
        await _record(conn, Action.PASSWORD_REMOVED, user_id, {})


async def _record(
    conn: Connection, action: Action, user_id: UserId, detail: dict[str, bool]
) -> None:
    await audit_service.record(
        conn, action=action, actor_id=user_id, object_id=user_id, detail=detail
    )
