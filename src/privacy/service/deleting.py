"""Deleting an account: from now on nobody uses it, and for some days it can be taken back.

Nothing is lost meanwhile but what one would sign in again to have: sessions, devices, secrets that
were mailed. Email and username stay taken.
"""

from datetime import timedelta

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.exceptions import InvalidToken
from src.auth.links import Links
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.auth.platform.exceptions import LastAdmin
from src.database import Transaction, sql
from src.exceptions import FieldError, Invalid
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.privacy.schemas import BegunDeletion, Deletion, Leaver
from src.security import Sealer
from src.teams import service as teams_service
from src.teams.exceptions import SoleOwnerOfTeam
from src.users import service as users_service
from src.users.constants import Status
from src.users.schemas import UserId


@sql(
    """
    SELECT id, email, locale, status,
           coalesce(casefold(%(confirm)s COLLATE pg_unicode_fast) COLLATE "default"
                    IN (email_key, username_key), false) AS is_confirmed
      FROM account
     WHERE id = %(user_id)s
       FOR UPDATE
    """,
    missing=InvalidToken,
)
async def _hold(conn: Transaction, *, user_id: UserId, confirm: str) -> Leaver:
    """Also against whoever is about to refer to the account: a new team, say, is seen or waits."""
    ...


@sql(
    """
    WITH ending AS (
        SELECT id
          FROM session
         WHERE account_id = %(user_id)s
           AND revoked_at IS NULL
         ORDER BY id
           FOR NO KEY UPDATE
    ), ended AS (
        UPDATE session
           SET revoked_at = now(), revoke_reason = 'deleting'
          FROM ending
         WHERE session.id = ending.id
        RETURNING session.id
    ), devices AS (
        DELETE FROM device WHERE account_id = %(user_id)s
    ), secrets AS (
        DELETE FROM one_time_token
         WHERE account_id = %(user_id)s
           -- Who leaves takes their data along. Whoever had the email before may say that it was
           -- not they who leave; an operator has decided.
           AND purpose <> 'account_export'
           AND NOT (purpose = 'undo_email' AND %(by_owner)s)
    )
    UPDATE account
       SET status = 'deleting',
           erase_at = now() + interval '1 day' * %(days)s,
           updated_at = now()
     WHERE id = %(user_id)s
    RETURNING coalesce(erase_at, now()) AS erase_at, (SELECT count(*) FROM ended) AS sessions_ended
    -- Columns that go together are set together; the trigger speaks of the admin.
    -- allow constraint(account_keeps_platform_admin, account_erase_at_check)
    """,
    missing=InvalidToken,
    constraints={"account_keeps_platform_admin": LastAdmin},
)
async def begin(conn: Transaction, *, user_id: UserId, days: int, by_owner: bool) -> BegunDeletion:
    """Let nobody use an account any more, which is erased in so many days. Raises LastAdmin.

    Where it is `by_owner`, taking a change of the email back takes the deletion back as well.
    """
    ...


async def demand_other_owners(conn: Transaction, *, user_id: UserId) -> None:
    """Raise SoleOwnerOfTeam if a team would have no owner without the user."""
    if alone := await teams_service.list_owned_alone(conn, user_id=user_id):
        raise SoleOwnerOfTeam((team.id, team.name) for team in alone)


@sql(
    """
    SELECT coalesce((SELECT action = %(by_owner)s
                       FROM audit_event
                      WHERE object_id = %(user_id)s
                        AND action IN (%(by_owner)s, %(by_operator)s)
                      ORDER BY id DESC
                      LIMIT 1), false)
    """
)
async def _is_by_owner(
    conn: Transaction, *, user_id: UserId, by_owner: Action, by_operator: Action
) -> bool: ...


async def withhold_undo(conn: Transaction, *, user_id: UserId) -> bool:
    """Of an account that is being deleted: let its owner not take that back any more.

    Returns False where an operator had deleted it, so that its owner never could.
    """
    by_owner = await _is_by_owner(
        conn,
        user_id=user_id,
        by_owner=Action.USER_DELETION_REQUESTED,
        by_operator=Action.USER_DELETED,
    )
    if by_owner:
        await onetime_service.forget(
            conn, user_id=user_id, purposes=[Purpose.RESTORE_ACCOUNT, Purpose.UNDO_EMAIL]
        )
    return by_owner


async def request(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    links: Links | None,
    *,
    user_id: UserId,
    confirm: str,
    days: int,
) -> Deletion:
    """Delete one's own account, and mail the link that takes it back for so many `days`.

    Without `links` the mail has none. Raises Invalid unless `confirm` is the email or the username,
    SoleOwnerOfTeam, LastAdmin, and InvalidToken for an account that is not in use any more.
    """
    await teams_service.lock_owned(conn, user_id=user_id)
    await onetime_service.hold(conn, user_id=user_id)
    leaver = await _hold(conn, user_id=user_id, confirm=confirm)
    if leaver.status not in {Status.ACTIVE, Status.PENDING}:
        raise InvalidToken()
    if not leaver.is_confirmed:
        raise Invalid(
            errors=[FieldError("/confirm", "mismatch", "This is not your username or email.")]
        )
    await demand_other_owners(conn, user_id=user_id)
    begun = await begin(conn, user_id=user_id, days=days, by_owner=True)
    link = None
    if links is not None:
        issued = await onetime_service.issue(
            conn,
            key,
            purpose=Purpose.RESTORE_ACCOUNT,
            target=str(user_id),
            user_id=user_id,
            detail={"email": leaver.email},
            lifetime=timedelta(days=days),
        )
        link = links.undo_deletion(issued.token)
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.ACCOUNT_DELETION,
        to=leaver.email,
        locale=leaver.locale,
        params={"days": str(days), **({"link": link} if link else {})},
        user_id=user_id,
    )
    await audit_service.record(
        conn,
        action=Action.USER_DELETION_REQUESTED,
        actor_id=user_id,
        object_id=user_id,
        detail={"sessions_ended": begun.sessions_ended},
    )
    return Deletion(erase_at=begun.erase_at)


async def undo(conn: Transaction, *, token: str) -> None:
    """Take a deletion back by the link of the mail. Raises InvalidOneTimeToken, ExpiredToken."""
    purpose = Purpose.RESTORE_ACCOUNT
    found = await onetime_service.look_at(conn, purpose=purpose, token=token)
    if found.user_id is None:
        raise InvalidOneTimeToken()
    # The account comes first, as it does where it is erased: neither waits for the other in a ring.
    await users_service.hold(conn, user_id=found.user_id)
    await onetime_service.spend(conn, purpose=purpose, token=token)
    if not await auth_service.restore_account(conn, user_id=found.user_id):
        raise InvalidOneTimeToken()
