"""Verified phone numbers: one account a number, whoever is the first to prove it.

A code is bound to the user who asks, and the row that holds its hash names the number: asking for
another number kills it, and nobody's asking kills anybody else's. So many may be on their way to
verify one number, each with a code of their own; its unique key decides who gets it.
"""

from collections.abc import Sequence

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth.onetime import exceptions as onetime_exceptions
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import LIFETIMES, Purpose
from src.auth.phone import exceptions
from src.auth.phone.constants import RESEND_AFTER
from src.auth.phone.schemas import Number, Phone, PhoneCodeSent
from src.database import Connection, Transaction, sql
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    SELECT number AS phone, verified_at
      FROM phone
     WHERE account_id = %(user_id)s
    """
)
async def find(conn: Connection, *, user_id: UserId) -> Phone | None:
    """A user's verified number; None if they have none."""
    ...


async def get(conn: Connection, *, user_id: UserId) -> Phone:
    """A user's verified number. Raises PhoneNotFound."""
    found = await find(conn, user_id=user_id)
    if found is None:
        raise exceptions.PhoneNotFound()
    return found


async def send_code(
    conn: Transaction, sealer: Sealer, key: bytes, *, user_id: UserId, number: Number
) -> PhoneCodeSent:
    """Send a code to a number, for this user; one sent before is dead.

    Whether the number belongs to somebody is not told here.
    """
    user = await users_service.get(conn, user_id=user_id)
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.VERIFY_PHONE,
        target=str(user_id),
        user_id=user_id,
        detail={"phone": number.e164},
    )
    await notifications_service.send_sms(
        conn,
        sealer,
        template=Template.PHONE_CODE,
        to=number.e164,
        locale=user.locale,
        params={"code": issued.code},
        user_id=user_id,
    )
    asked_at = issued.expires_at - LIFETIMES[Purpose.VERIFY_PHONE]
    return PhoneCodeSent(expires_at=issued.expires_at, resend_after=asked_at + RESEND_AFTER)


@sql(
    """
    INSERT INTO phone (account_id, number)
    VALUES (%(user_id)s, %(number)s)
        ON CONFLICT (account_id) DO UPDATE
       SET number = excluded.number,
           verified_at = now()
    -- The account has just been seen; the number has been parsed.
    -- allow constraint(phone_account_id_fkey, phone_number_format_check)
    """,
    constraints={"phone_number_key": exceptions.PhoneTaken},
)
async def _keep(conn: Transaction, *, user_id: UserId, number: str) -> None: ...


async def verify(
    conn: Transaction, sealer: Sealer, keys: Sequence[bytes], *, user_id: UserId, code: str
) -> None:
    """Make the number the user's to which this code was sent. Saying it again changes nothing.

    Raises InvalidCode, and PhoneTaken where another account has been faster: the code is then
    unspent.
    """
    target = str(user_id)
    try:
        spent = await onetime_service.spend_code(
            conn, keys, purpose=Purpose.VERIFY_PHONE, target=target, code=code
        )
    except onetime_exceptions.InvalidCode:
        if await _is_said_again(conn, keys, user_id=user_id, code=code):
            return
        raise
    await _keep(conn, user_id=user_id, number=spent.detail["phone"])
    await _record(conn, sealer, Action.PHONE_VERIFIED, SecurityEvent.PHONE_CHANGED, user_id)


async def _is_said_again(
    conn: Transaction, keys: Sequence[bytes], *, user_id: UserId, code: str
) -> bool:
    """Whether the user's verified number is verified by this very code."""
    spent = await onetime_service.find_spent_by_code(
        conn, keys, purpose=Purpose.VERIFY_PHONE, target=str(user_id), code=code
    )
    own = await find(conn, user_id=user_id) if spent else None
    return spent is not None and own is not None and own.phone == spent.detail["phone"]


@sql("DELETE FROM phone WHERE account_id = %(user_id)s")
async def _remove(conn: Transaction, *, user_id: UserId) -> int: ...


async def remove(conn: Transaction, sealer: Sealer, *, user_id: UserId) -> None:
    """Forget the user's number, if they have one, and kill a code that is on its way."""
    await onetime_service.forget(conn, user_id=user_id, purposes=[Purpose.VERIFY_PHONE])
    if await _remove(conn, user_id=user_id):
        await _record(conn, sealer, Action.PHONE_REMOVED, SecurityEvent.PHONE_REMOVED, user_id)


async def _record(
    conn: Transaction, sealer: Sealer, action: Action, event: SecurityEvent, user_id: UserId
) -> None:
    """Write down what has happened, and tell the user by mail."""
    await audit_service.record(conn, action=action, actor_id=user_id, object_id=user_id, detail={})
    user = await users_service.get(conn, user_id=user_id)
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=user.email,
        locale=user.locale,
        params={"event": event},
        user_id=user_id,
    )
