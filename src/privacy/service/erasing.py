"""Erasing accounts whose days are over: one transaction an account, so that none is half erased.

What is about somebody alone is deleted. What others have made with them, or research has of them,
keeps the account's id, and the account behind it is empty. `docs/explanation/privacy.md` lists
every table; a test demands that each that refers to an account is in `GONE` or in `KEPT`.
"""

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth.onetime.constants import Purpose
from src.database import Connection, Pools, Transaction, sql
from src.privacy.schemas import Addresses
from src.teams import service as teams_service
from src.users.schemas import UserId

GONE = frozenset(
    {
        "account_export.account_id",
        "account_preference.account_id",
        "api_key.account_id",
        "device.account_id",
        "identity.account_id",
        "invitation_use.account_id",
        "message.account_id",
        "one_time_token.account_id",
        "passkey.account_id",
        "password.account_id",
        "phone.account_id",
        "platform_role.account_id",
        "recovery_code.account_id",
        "session.account_id",
        "team_member.account_id",
        "totp.account_id",
    }
)
"""References to an account whose rows go with it."""
KEPT = frozenset(
    {
        "applet.draft_updated_by",
        "applet_version.published_by",
        "invitation.invited_by",
    }
)
"""References to an account that stay, since the rows are a team's."""


@sql(
    """
    SELECT id
      FROM account
     WHERE erase_at <= now()
       AND status = 'deleting'
       AND id <> ALL(%(but)s)
       -- Whoever had the email before may still say that it was not they who leave.
       AND NOT EXISTS (SELECT
                         FROM one_time_token
                        WHERE one_time_token.account_id = account.id
                          AND one_time_token.purpose = 'undo_email'
                          AND one_time_token.used_at IS NULL
                          AND one_time_token.expires_at > now())
     ORDER BY erase_at, id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
    """
)
async def _take_due(conn: Transaction, *, but: list[UserId]) -> UserId | None: ...


@sql(
    """
    SELECT account.email_key AS email, phone.number AS phone
      FROM account
      LEFT JOIN phone ON phone.account_id = account.id
     WHERE account.id = %(user_id)s
    """
)
async def _find_addresses(conn: Transaction, *, user_id: UserId) -> Addresses | None: ...


@sql(
    """
    WITH preferences AS (
        DELETE FROM account_preference WHERE account_id = %(user_id)s
    ), keys AS (
        DELETE FROM api_key WHERE account_id = %(user_id)s
    ), exports AS (
        DELETE FROM account_export WHERE account_id = %(user_id)s
    ), devices AS (
        DELETE FROM device WHERE account_id = %(user_id)s
    ), identities AS (
        DELETE FROM identity WHERE account_id = %(user_id)s
    ), uses AS (
        DELETE FROM invitation_use WHERE account_id = %(user_id)s
    ), passkeys AS (
        DELETE FROM passkey WHERE account_id = %(user_id)s
    ), passwords AS (
        DELETE FROM password WHERE account_id = %(user_id)s
    ), phones AS (
        DELETE FROM phone WHERE account_id = %(user_id)s
    ), codes AS (
        DELETE FROM recovery_code WHERE account_id = %(user_id)s
    ), roles AS (
        DELETE FROM platform_role WHERE account_id = %(user_id)s
    ), sessions AS (
        DELETE FROM session WHERE account_id = %(user_id)s
    )
    DELETE FROM totp WHERE account_id = %(user_id)s
    """
)
async def _forget_what_is_theirs(conn: Transaction, *, user_id: UserId) -> None: ...


@sql(
    """
    WITH own AS (
        DELETE FROM message WHERE account_id = %(user_id)s
    )
    DELETE FROM message
     WHERE casefold(recipient COLLATE pg_unicode_fast) = ANY(%(addresses)s)
       AND account_id IS DISTINCT FROM %(user_id)s
    """
)
async def _forget_messages(conn: Transaction, *, user_id: UserId, addresses: list[str]) -> None: ...


@sql(
    """
    WITH own AS (
        DELETE FROM one_time_token WHERE account_id = %(user_id)s
    )
    DELETE FROM one_time_token
     WHERE purpose = ANY(%(purposes)s)
       AND target = ANY(%(addresses)s)
       AND account_id IS DISTINCT FROM %(user_id)s
    """
)
async def _forget_secrets(
    conn: Transaction, *, user_id: UserId, purposes: list[Purpose], addresses: list[str]
) -> None: ...


@sql("DELETE FROM invitation WHERE email_key = %(email)s")
async def _forget_invitations(conn: Transaction, *, email: str) -> None: ...


@sql(
    """
    WITH gone AS (
        DELETE FROM invitation
         WHERE kind = 'email'
           AND id IN (SELECT invitation_id FROM invitation_use WHERE account_id = %(user_id)s)
        RETURNING email_key
    )
    SELECT DISTINCT email_key
      FROM gone
     WHERE email_key IS NOT NULL
       AND NOT EXISTS (SELECT
                         FROM account
                        WHERE account.email_key = gone.email_key
                          AND account.id <> %(user_id)s)
    """
)
async def _forget_used_invitations(conn: Transaction, *, user_id: UserId) -> list[str]:
    """Those by which they have joined, to whichever address they had then.

    Returns these addresses, but for what is somebody else's by now.
    """
    ...


@sql(
    """
    UPDATE account
       SET email = 'erased-' || id || '@erased.invalid',
           username = NULL,
           given_name = '',
           family_name = '',
           display_name = '',
           locale = 'en',
           time_zone = 'UTC',
           email_verified_at = NULL,
           status = 'erased',
           erase_at = NULL,
           updated_at = now()
     WHERE id = %(user_id)s
    """
)
async def _empty(conn: Transaction, *, user_id: UserId) -> None: ...


async def _erase(conn: Transaction, user_id: UserId) -> None:
    """Erase an account that the transaction holds."""
    await teams_service.bequeath(conn, user_id=user_id)
    found = await _find_addresses(conn, user_id=user_id)
    if found is not None:
        former = await _forget_used_invitations(conn, user_id=user_id)
        addresses = [found.email, *([found.phone] if found.phone else []), *former]
        await _forget_messages(conn, user_id=user_id, addresses=addresses)
        await _forget_secrets(conn, user_id=user_id, purposes=list(Purpose), addresses=addresses)
        await _forget_invitations(conn, email=found.email)
    await _forget_what_is_theirs(conn, user_id=user_id)
    await _empty(conn, user_id=user_id)
    await audit_service.record(
        conn, action=Action.USER_ERASED, actor_id=None, object_id=user_id, detail={}
    )


@sql(
    """
    UPDATE account
       SET erase_at = now() + interval '1 day' * %(days)s
     WHERE id IN (SELECT id
                    FROM account
                   WHERE status = 'deleting'
                     AND erase_at IS NULL
                   ORDER BY id
                   LIMIT 100
                     FOR NO KEY UPDATE SKIP LOCKED)
    -- They are being deleted.
    -- allow constraint(account_erase_at_check)
    """
)
async def say_when(conn: Connection, *, days: int) -> int:
    """Give accounts that are being deleted a day where they have none; returns how many.

    Before there were days, or by code that knows none, they were marked only.
    """
    ...


class NotErased(Exception):
    """Something refused the erasure of an account, and it is whole as before."""

    def __init__(self, user_id: UserId) -> None:
        super().__init__(str(user_id))
        self.user_id = user_id


async def erase_next(pools: Pools, *, but: list[UserId]) -> UserId | None:
    """Erase the next account that is due, but for these; None when there is none.

    Of several workers each takes one that no other has. Raises NotErased.
    """
    async with pools.write.transaction() as conn:
        user_id = await _take_due(conn, but=but)
        if user_id is None:
            return None
        try:
            await _erase(conn, user_id)
        except Exception as exc:
            raise NotErased(user_id) from exc
    return user_id
