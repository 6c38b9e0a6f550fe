"""What could sign in to an account, taken away from who should not have it."""

from datetime import datetime

from src.auth.mfa import service as mfa_service
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.database import Transaction, sql
from src.users.schemas import UserId


@sql(
    """
    WITH without_passkeys AS (DELETE FROM passkey WHERE account_id = %(user_id)s),
         without_totp AS (DELETE FROM totp WHERE account_id = %(user_id)s),
         without_keys AS (DELETE FROM api_key WHERE account_id = %(user_id)s),
         without_codes AS (DELETE FROM recovery_code WHERE account_id = %(user_id)s),
         without_devices AS (DELETE FROM device WHERE account_id = %(user_id)s),
         without_phone AS (DELETE FROM phone WHERE account_id = %(user_id)s),
         without_identities AS (DELETE FROM identity WHERE account_id = %(user_id)s)
    DELETE FROM password
     WHERE account_id = %(user_id)s
    """
)
async def _forget_all(conn: Transaction, *, user_id: UserId) -> int: ...


async def forget_unproven(conn: Transaction, *, user_id: UserId) -> bool:
    """Leave an account nothing from before anybody had proved that its mailbox is theirs.

    Whoever signed up with somebody else's address must not keep a way in once that one comes, no
    second factor to keep them out by, and no device that is told what happens to them. Its sessions
    are the caller's to end. Returns whether there was a password.
    """
    had_password = await _forget_all(conn, user_id=user_id) > 0
    await onetime_service.forget(conn, user_id=user_id, purposes=list(Purpose))
    return had_password


@sql(
    """
    WITH keys AS (
        DELETE FROM api_key
         WHERE account_id = %(user_id)s
           AND created_at >= %(since)s
        RETURNING id
    ), passkeys AS (
        DELETE FROM passkey
         WHERE account_id = %(user_id)s
           AND created_at >= %(since)s
        RETURNING id
    ), identities AS (
        DELETE FROM identity
         WHERE account_id = %(user_id)s
           AND created_at >= %(since)s
        RETURNING id
    ), totps AS (
        DELETE FROM totp
         WHERE account_id = %(user_id)s
           AND coalesce(confirmed_at >= %(since)s, true)
        RETURNING account_id
    ), passwords AS (
        DELETE FROM password
         WHERE account_id = %(user_id)s
           AND changed_at >= %(since)s
        RETURNING account_id
    ), codes AS (
        DELETE FROM recovery_code
         WHERE account_id = %(user_id)s
           AND created_at >= %(since)s
    ), phones AS (
        DELETE FROM phone
         WHERE account_id = %(user_id)s
           AND verified_at >= %(since)s
    ), devices AS (
        DELETE FROM device WHERE account_id = %(user_id)s
    )
    SELECT (SELECT count(*) FROM keys) + (SELECT count(*) FROM passkeys)
           + (SELECT count(*) FROM identities) + (SELECT count(*) FROM totps)
           + (SELECT count(*) FROM passwords)
    """
)
async def _forget_since(conn: Transaction, *, user_id: UserId, since: datetime) -> int: ...


@sql(
    """
    WITH codes AS (DELETE FROM recovery_code WHERE account_id = %(user_id)s)
    DELETE FROM password
     WHERE account_id = %(user_id)s
       AND is_short
    """
)
async def _forget_what_is_nothing_alone(conn: Transaction, *, user_id: UserId) -> int: ...


async def forget_since(conn: Transaction, *, user_id: UserId, since: datetime) -> int:
    """Leave an account no way in from an instant on; returns how many there were.

    What came earlier stays: keys, passkeys, identities, an authenticator app, the password. Devices
    all go, since signing in binds them again, and so does what was mailed. Recovery codes, and a
    password too short to be alone, do not outlive the last second factor. Sessions are the caller's
    to end.
    """
    removed = await _forget_since(conn, user_id=user_id, since=since)
    if not await mfa_service.list_methods(conn, user_id=user_id):
        removed += await _forget_what_is_nothing_alone(conn, user_id=user_id)
    mailed = set(Purpose) - {Purpose.UNDO_EMAIL}
    await onetime_service.forget(conn, user_id=user_id, purposes=list(mailed))
    return removed
