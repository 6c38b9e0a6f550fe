"""Passwords of accounts: set, changed, taken away."""

from datetime import datetime

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions, notices, passwords, ways_in
from src.auth import service as auth_service
from src.auth.constants import PASSWORD_MIN, LoginMethod
from src.auth.links import with_token
from src.auth.mfa import service as mfa_service
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.auth.onetime.schemas import FlowId, OneTimeToken
from src.auth.password.constants import KILLED, METHOD_NAMES
from src.auth.password.schemas import OwnPasswordSecret
from src.database import Connection, Transaction, sql
from src.exceptions import Invalid
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
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
    -- The account has just been seen, the hash is our own.
    -- allow constraint(password_account_id_fkey, password_hash_check)
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
    -- The hash is our own.
    -- allow constraint(password_hash_check)
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


@sql(
    """
    INSERT INTO password (account_id, hash, is_short)
    VALUES (%(user_id)s, %(hash)s, %(is_short)s)
        ON CONFLICT (account_id) DO UPDATE
       SET hash = excluded.hash, is_short = excluded.is_short, changed_at = now()
    -- The account has just been seen, the hash is our own.
    -- allow constraint(password_account_id_fkey, password_hash_check)
    """
)
async def _put(
    conn: Connection,
    *,
    user_id: UserId,
    hash: str,  # noqa: A002
    is_short: bool,
) -> None: ...


async def set_own(
    conn: Transaction,
    sealer: Sealer,
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
    await notices.send(conn, sealer, user_id=user_id, event=SecurityEvent.PASSWORD_CHANGED)


async def remove(conn: Transaction, sealer: Sealer, *, user_id: UserId) -> None:
    """Take the password away; without one nothing happens. Raises LastLoginMethod."""
    await auth_service.hold_account(conn, user_id=user_id)
    if await _remove(conn, user_id=user_id):
        await auth_service.demand_login_method(conn, user_id=user_id)
        await onetime_service.forget(conn, user_id=user_id, purposes=KILLED)
        await _record(conn, Action.PASSWORD_REMOVED, user_id, {})
        await notices.send(conn, sealer, user_id=user_id, event=SecurityEvent.PASSWORD_CHANGED)


async def wipe_unproven(conn: Transaction, sealer: Sealer, *, user_id: UserId) -> None:
    """Take away what an account has from before anybody had proved that its mailbox is theirs.

    Who had chosen the password themselves is told by mail why it is gone.
    """
    if await ways_in.forget_unproven(conn, user_id=user_id):
        await notices.send(conn, sealer, user_id=user_id, event=SecurityEvent.PASSWORD_WIPED)
    await auth_service.revoke_all_sessions(conn, user_id=user_id, reason="mailbox_proved")
    await _record(conn, Action.PASSWORD_WIPED, user_id, {})


async def mail_reset(conn: Transaction, sealer: Sealer, key: bytes, *, flow_id: FlowId) -> None:
    """Send what was asked for to whose address it is, if anybody's.

    Who signs in by something else than a password is told by what.
    """
    recipient = await onetime_service.find_recipient(conn, flow_id=flow_id)
    if recipient is None:
        return
    methods = await auth_service.login_methods(conn, user_id=recipient.user_id)
    if methods and LoginMethod.PASSWORD not in methods:
        template = Template.PASSWORD_RECOVERY_SSO
        params = {
            "methods": ", ".join(METHOD_NAMES.get(method, method) for method in methods),
            "link": str(recipient.detail["home"]),
        }
    else:
        secret = await onetime_service.renew(
            conn, key, purpose=Purpose.RESET_PASSWORD, flow_id=flow_id, user_id=recipient.user_id
        )
        if secret is None:
            return
        template = Template.RESET_PASSWORD
        link = with_token(recipient.detail["page"], secret.token)
        params = {"link": link, "code": secret.code}
    await notifications_service.send_mail(
        conn,
        sealer,
        template=template,
        to=recipient.email,
        locale=recipient.locale,
        params=params,
        user_id=recipient.user_id,
    )


async def find_reset(conn: Connection, *, token: str | None) -> OneTimeToken | None:
    """A mailed token that a password could be set by; None if it is none."""
    if token is None:
        return None
    found = await onetime_service.find(conn, purpose=Purpose.RESET_PASSWORD, token=token)
    return None if found is None or found.is_spent or found.is_expired else found


async def reset_min(conn: Connection, found: OneTimeToken | None) -> int:
    """How many characters a token asks of the new password; without one, what most accounts do.

    A second factor from before anybody had proved the mailbox does not count: it goes.
    """
    if found is None or found.user_id is None:
        return PASSWORD_MIN
    if not await users_service.is_verified(conn, user_id=found.user_id, email=found.target):
        return PASSWORD_MIN
    return await mfa_service.password_min(conn, user_id=found.user_id)


async def reset(
    conn: Transaction,
    sealer: Sealer,
    spent: OneTimeToken,
    *,
    password: str,
    hash: str,  # noqa: A002
) -> None:
    """Set the password of somebody who has shown what was mailed to them; they sign in with it.

    That proves the mailbox. All sessions end, and nothing that was mailed before signs in any
    more. Other ways in and second factors stay, but for those from before anybody had proved the
    mailbox. Raises InvalidOneTimeToken, and Invalid for a password with a part that others can
    guess.
    """
    user_id = spent.user_id
    if user_id is None:
        raise InvalidOneTimeToken()
    proved = await users_service.prove_email(conn, user_id=user_id, email=spent.target)
    if proved is None:
        raise InvalidOneTimeToken()
    if not proved:
        await ways_in.forget_unproven(conn, user_id=user_id)
    own = await get_own(conn, user_id=user_id)
    minimum = await mfa_service.password_min(conn, user_id=user_id)
    if errors := passwords.mistakes(password, context=own.context, minimum=minimum):
        raise Invalid(errors=errors)
    await _put(conn, user_id=user_id, hash=hash, is_short=passwords.is_short(password))
    await auth_service.revoke_all_sessions(conn, user_id=user_id, reason="password_reset")
    await onetime_service.forget(conn, user_id=user_id, purposes=KILLED)
    await _record(conn, Action.PASSWORD_RESET, user_id, {})
    await notices.send(conn, sealer, user_id=user_id, event=SecurityEvent.PASSWORD_RESET)


async def _record(
    conn: Connection, action: Action, user_id: UserId, detail: dict[str, int]
) -> None:
    await audit_service.record(
        conn, action=action, actor_id=user_id, object_id=user_id, detail=detail
    )
