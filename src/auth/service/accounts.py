"""What somebody signs up with and signs in by, and whose account it is."""

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions
from src.auth.constants import LoginMethod
from src.auth.schemas import CredentialsSecret
from src.database import Connection, Transaction, sql
from src.users.schemas import UserId


@sql(
    """
    SELECT account.id AS user_id, account.status IN ('active', 'pending') AS is_active,
           account.status = 'deleting' AS is_deleting, password.hash
      FROM account
      JOIN password ON password.account_id = account.id
     WHERE account.email_key
           = casefold(%(email)s::text COLLATE pg_unicode_fast) COLLATE "default"
        OR account.username_key
           = casefold(%(username)s::text COLLATE pg_unicode_fast) COLLATE "default"
     ORDER BY account.id
     LIMIT 1
    """
)
async def _find_credentials(
    conn: Connection, *, email: str | None, username: str | None
) -> CredentialsSecret | None: ...


async def find_credentials(conn: Connection, *, identifier: str) -> CredentialsSecret | None:
    """What to check a password against. An identifier with an `@` is an email."""
    if "@" in identifier:
        return await _find_credentials(conn, email=identifier, username=None)
    return await _find_credentials(conn, email=None, username=identifier)


@sql(
    """
    INSERT INTO password (account_id, hash)
    VALUES (%(user_id)s, %(hash)s)
    -- The account is new, the hash our own.
    -- allow constraint(password_account_id_fkey, password_pkey, password_hash_check)
    """
)
async def add_password(conn: Connection, *, user_id: UserId, hash: str) -> None:  # noqa: A002
    """Give a new account its password, hashed."""
    ...


@sql(
    """
    UPDATE password
       SET hash = %(hash)s, is_short = %(is_short)s
     WHERE account_id = %(user_id)s
       AND hash = %(replaces)s
    -- The hash is our own.
    -- allow constraint(password_hash_check)
    """
)
async def rehash_password(
    conn: Connection,
    *,
    user_id: UserId,
    hash: str,  # noqa: A002
    is_short: bool,
    replaces: str,
) -> None:
    """Store the same password under today's parameters, unless another has been set meanwhile.

    Of one that came from another system, this is when we know how long it is.
    """
    ...


@sql(
    """
    SELECT id
      FROM account
     WHERE id = %(user_id)s
       FOR NO KEY UPDATE
    """,
    missing=exceptions.InvalidToken,
)
async def hold_account(conn: Transaction, *, user_id: UserId) -> UserId:
    """Let nobody else change what the account is signed in to by, until the transaction ends."""
    ...


@sql(
    """
    SELECT 'password' AS method
      FROM password
     WHERE account_id = %(user_id)s
     UNION
    SELECT 'identity'
      FROM identity
     WHERE account_id = %(user_id)s
     UNION
    SELECT 'passkey'
      FROM passkey
     WHERE account_id = %(user_id)s
     ORDER BY method
    """
)
async def login_methods(conn: Connection, *, user_id: UserId) -> list[LoginMethod]:
    """How the account's owner can sign in."""
    ...


async def demand_login_method(conn: Transaction, *, user_id: UserId) -> None:
    """Raise LastLoginMethod if no way to sign in is left, which undoes the removal of the last.

    `hold_account` comes before the removal: two at once must not each count on the other's.
    """
    if not await login_methods(conn, user_id=user_id):
        raise exceptions.LastLoginMethod()


@sql(
    """
    UPDATE account
       SET status = CASE WHEN email_verified_at IS NULL
                              AND NOT EXISTS (SELECT FROM password
                                               WHERE password.account_id = account.id)
                         THEN 'pending'
                         ELSE 'active'
                    END,
           erase_at = NULL,
           updated_at = now()
     WHERE id = %(user_id)s
       AND status = 'deleting'
    -- One row by its key; the few that are being deleted have an index too.
    -- allow scan
    """
)
async def _restore(conn: Transaction, *, user_id: UserId) -> int: ...


async def restore_account(conn: Transaction, *, user_id: UserId) -> bool:
    """Take a deletion back, which is written down; False where there is none."""
    if not await _restore(conn, user_id=user_id):
        return False
    await audit_service.record(
        conn,
        action=Action.USER_DELETION_UNDONE,
        actor_id=user_id,
        object_id=user_id,
        detail={},
    )
    return True
