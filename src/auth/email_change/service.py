"""Changing one's email: the new address confirms, the old one may take it back."""

from collections.abc import Sequence

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth import ways_in
from src.auth.constants import LogoutScope
from src.auth.links import Links
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.auth.onetime.schemas import OneTimeToken
from src.auth.schemas import SessionId
from src.database import Transaction
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import KnownUser, UserId

_OF_THE_ADDRESS = [Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK]
"""What an address has been sent is worth nothing once the account has another."""


async def propose(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    links: Links,
    *,
    user: KnownUser,
    email: str,
    owner: KnownUser | None,
) -> None:
    """Mail a link and a code to the new address. Each user has one change under way at a time.

    If it is another account's, its `owner` is told to sign in: the same steps, so that nobody can
    tell by the time which it was.
    """
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.CHANGE_EMAIL,
        target=str(user.id),
        user_id=user.id,
        detail={"email": email},
    )
    is_taken = owner is not None and owner.id != user.id
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SIGNUP_KNOWN_EMAIL if is_taken else Template.CHANGE_EMAIL,
        to=email,
        locale=user.locale,
        params={"link": links.sign_in()}
        if is_taken
        else {"link": links.confirm_email(issued.token), "code": issued.code},
        user_id=user.id,
    )
    await audit_service.record(
        conn,
        action=Action.EMAIL_CHANGE_REQUESTED,
        actor_id=user.id,
        object_id=user.id,
        detail={},
    )


async def spend(
    conn: Transaction,
    keys: Sequence[bytes],
    *,
    user_id: UserId,
    token: str | None,
    code: str | None,
) -> str:
    """Use up the link or the code of the user's own change; returns the new address.

    Raises InvalidOneTimeToken, also for somebody else's, ExpiredToken and InvalidCode.
    """
    if token is None:
        spent = await onetime_service.spend_code(
            conn, keys, purpose=Purpose.CHANGE_EMAIL, target=str(user_id), code=code or ""
        )
    else:
        spent = await onetime_service.spend(conn, purpose=Purpose.CHANGE_EMAIL, token=token)
        if spent.user_id != user_id:
            raise InvalidOneTimeToken()
    email: str = spent.detail["email"]
    return email


async def change(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    links: Links,
    *,
    user_id: UserId,
    session_id: SessionId,
    email: str,
) -> None:
    """Change the address, end the other sessions, and let the old address take it back.

    One that was never verified may be anybody's, and is told nothing. Raises EmailTaken.
    """
    old = await users_service.hold(conn, user_id=user_id)
    await users_service.change_email(conn, user_id=user_id, email=email)
    await onetime_service.forget(conn, user_id=user_id, purposes=_OF_THE_ADDRESS)
    await auth_service.revoke_sessions(
        conn,
        user_id=user_id,
        session_id=session_id,
        scope=LogoutScope.OTHERS,
        reason="email_changed",
    )
    await audit_service.record(
        conn, action=Action.EMAIL_CHANGED, actor_id=user_id, object_id=user_id, detail={}
    )
    if not old.is_verified:
        return
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.UNDO_EMAIL,
        target=f"{user_id} {old.email}",
        user_id=user_id,
        detail={"email": old.email},
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.EMAIL_CHANGED_UNDO,
        to=old.email,
        locale=old.locale,
        params={"email": email, "link": links.undo_email(issued.token)},
        user_id=user_id,
    )


async def undo(conn: Transaction, sealer: Sealer, *, token: str) -> None:
    """Give the account its old address back, and end whatever the new one may have begun.

    Whoever has changed it keeps no way in (`ways_in`), and a deletion by the account's user is
    taken back. Links to take back later changes are dead: they went to addresses that came after
    this one. Raises InvalidOneTimeToken, ExpiredToken and EmailTaken.
    """
    found = await onetime_service.look_at(conn, purpose=Purpose.UNDO_EMAIL, token=token)
    if found.user_id is None:
        raise InvalidOneTimeToken()
    # All of the account's go: they are held in their order, and before the account.
    await onetime_service.hold(conn, user_id=found.user_id)
    spent: OneTimeToken = await onetime_service.spend(conn, purpose=Purpose.UNDO_EMAIL, token=token)
    if spent.user_id is None:
        raise InvalidOneTimeToken()
    user = await users_service.hold(conn, user_id=spent.user_id)
    email: str = spent.detail["email"]
    await users_service.change_email(conn, user_id=user.id, email=email)
    await onetime_service.forget_later(
        conn, user_id=user.id, purpose=Purpose.UNDO_EMAIL, than=spent.created_at
    )
    await auth_service.revoke_all_sessions(conn, user_id=user.id, reason="email_change_undone")
    removed = await ways_in.forget_since(conn, user_id=user.id, since=spent.created_at)
    await auth_service.restore_account(conn, user_id=user.id)
    await audit_service.record(
        conn,
        action=Action.EMAIL_CHANGE_UNDONE,
        actor_id=user.id,
        object_id=user.id,
        detail={"ways_in_removed": removed},
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=email,
        locale=user.locale,
        params={"event": SecurityEvent.EMAIL_CHANGE_UNDONE},
        user_id=user.id,
    )
