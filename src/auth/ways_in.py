"""What could sign in to an account, taken away from who should not have it."""

from datetime import datetime

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
         without_identities AS (DELETE FROM identity WHERE account_id = %(user_id)s)
    DELETE FROM password
     WHERE account_id = %(user_id)s
    """
)
async def _forget_all(conn: Transaction, *, user_id: UserId) -> int: ...


async def forget_unproven(conn: Transaction, *, user_id: UserId) -> bool:
    """Leave an account nothing from before anybody had proved that its mailbox is theirs.

    Whoever signed up with somebody else's address must not keep a way in once that one comes, and
    no second factor to keep them out by. Its sessions are the caller's to end. Returns whether
    there was a password.
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
    )
    SELECT (SELECT count(*) FROM keys) + (SELECT count(*) FROM passkeys)
           + (SELECT count(*) FROM identities)
    """
)
async def forget_since(conn: Transaction, *, user_id: UserId, since: datetime) -> int:
    """Take away API keys, passkeys and identities from an instant on; returns how many."""
    ...
