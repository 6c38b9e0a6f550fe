"""Proving that an address is one's own."""

from collections.abc import Sequence

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth.joining import Invitations
from src.auth.links import Links
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.auth.onetime.schemas import OneTimeToken
from src.auth.verification.schemas import LinkState
from src.database import Connection, Transaction
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import KnownUser


async def send(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    links: Links,
    *,
    user: KnownUser,
    invited: dict[str, str] | None = None,
) -> None:
    """Mail a link and a code to the user's address; those sent before are dead.

    What they are `invited` to, now or by what was sent before, they join by it.
    """
    detail = await onetime_service.find_detail(
        conn, purpose=Purpose.VERIFY_EMAIL, target=user.email, user_id=user.id
    )
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.VERIFY_EMAIL,
        target=user.email,
        user_id=user.id,
        detail={"invited": invited} if invited else detail,
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.VERIFY_EMAIL,
        to=user.email,
        locale=user.locale,
        params={"link": links.verify_email(issued.token), "code": issued.code},
        user_id=user.id,
    )


async def verify(conn: Transaction, invitations: Invitations, *, token: str) -> None:
    """Count the address as verified. Again by the same token, it changes nothing.

    Raises InvalidOneTimeToken and ExpiredToken.
    """
    found = await onetime_service.find(conn, purpose=Purpose.VERIFY_EMAIL, token=token)
    if found is not None and found.is_spent and not found.is_expired:
        await _check(conn, found)
        return
    spent = await onetime_service.spend(conn, purpose=Purpose.VERIFY_EMAIL, token=token)
    await _count(conn, invitations, spent)


async def verify_by_code(
    conn: Transaction,
    keys: Sequence[bytes],
    invitations: Invitations,
    *,
    email: str,
    code: str,
) -> None:
    """Count the address as verified. Raises InvalidCode, which commits."""
    spent = await onetime_service.spend_code(
        conn, keys, purpose=Purpose.VERIFY_EMAIL, target=email, code=code
    )
    await _count(conn, invitations, spent)


async def _count(conn: Transaction, invitations: Invitations, spent: OneTimeToken) -> None:
    """An account that has another address by now is verified by nothing sent to this one."""
    user_id = spent.user_id
    if user_id is not None and await users_service.verify_email(
        conn, user_id=user_id, email=spent.target
    ):
        await audit_service.record(
            conn, action=Action.EMAIL_VERIFIED, actor_id=user_id, object_id=user_id, detail={}
        )
        if (invited := spent.detail.get("invited")) is not None:
            await invitations.join(conn, user_id=user_id, invited=invited)
        return
    await _check(conn, spent)


async def _check(conn: Transaction, spent: OneTimeToken) -> None:
    if spent.user_id is None or not await users_service.is_verified(
        conn, user_id=spent.user_id, email=spent.target
    ):
        raise InvalidOneTimeToken()


async def look_at(conn: Connection, *, purpose: Purpose, token: str) -> LinkState:
    """What a link is about, which this does not use up.

    Raises InvalidOneTimeToken and ExpiredToken.
    """
    found = await onetime_service.look_at(conn, purpose=purpose, token=token)
    address = found.detail.get("email", found.target)
    return LinkState(email_hint=email_hint(address), expires_at=found.expires_at)


def email_hint(email: str) -> str:
    """Enough of an address for its owner: `a***@example.org`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"
