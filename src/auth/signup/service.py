"""Signing up by mail: nobody has an account before the owner of its address says so.

What the first asker sends is a proposal. The password is the one that comes with the mail's link or
code: somebody else's, chosen in advance, never opens the account.
"""

from collections.abc import Sequence
from typing import Any

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.exceptions import SignupDisabled
from src.auth.joining import Invitations
from src.auth.links import Links
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.schemas import OneTimeToken
from src.auth.signup.schemas import Signup, SignupCompletion
from src.database import Connection, Transaction
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import KnownUser, User

_PROPOSED = ("username", "given_name", "family_name", "locale")


async def create(conn: Transaction, *, new: Signup, password_hash: str) -> User:
    """Create an account whose address waits for verification. Raises EmailTaken, UsernameTaken."""
    return await _create(
        conn,
        email=new.email,
        password_hash=password_hash,
        described=new.model_dump(include=set(_PROPOSED)),
    )


async def write(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    links: Links,
    *,
    new: Signup,
    known: KnownUser | None,
    invited: dict[str, str] | None = None,
) -> None:
    """Mail how to go on: to complete the sign-up, or to sign in where there is an account.

    Both take the same steps, so that nobody can tell by the time which it was. What they are
    `invited` to, now or by what was sent before, they join by it.
    """
    before = await onetime_service.find_detail(
        conn, purpose=Purpose.SIGNUP, target=new.email, user_id=None
    )
    invited = invited or (before or {}).get("invited")
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.SIGNUP,
        target=new.email,
        user_id=None,
        detail={
            "email": new.email,
            **new.model_dump(include=set(_PROPOSED)),
            **({"invited": invited} if invited else {}),
        },
    )
    if known is None:
        params = {"link": links.complete_signup(issued.token), "code": issued.code}
    else:
        params = {"link": links.sign_in()}
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SIGNUP if known is None else Template.SIGNUP_KNOWN_EMAIL,
        to=new.email if known is None else known.email,
        locale=new.locale if known is None else known.locale,
        params=params,
    )


async def complete(
    conn: Transaction,
    keys: Sequence[bytes],
    *,
    completion: SignupCompletion,
    password_hash: str,
    invitations: Invitations,
    takes_uninvited: bool,
) -> User:
    """Create the account of the address that the mail went to; it counts as verified.

    Raises InvalidOneTimeToken, ExpiredToken and InvalidCode; EmailTaken and UsernameTaken, and
    SignupDisabled for who comes uninvited though none are taken, which leave token and code as they
    were.
    """
    spent = await _spend(conn, keys, completion)
    invited: dict[str, str] | None = spent.detail.get("invited")
    if invited is None and not takes_uninvited:
        raise SignupDisabled()
    email: str = spent.detail["email"]
    proposed: dict[str, Any] = {name: spent.detail[name] for name in _PROPOSED}
    user = await _create(
        conn,
        email=email,
        password_hash=password_hash,
        described={
            **proposed,
            **completion.model_dump(include=set(_PROPOSED), exclude_unset=True),
        },
    )
    await users_service.verify_email(conn, user_id=user.id, email=email)
    if invited is not None:
        await invitations.join(conn, user_id=user.id, invited=invited)
    return user


async def _spend(
    conn: Transaction, keys: Sequence[bytes], completion: SignupCompletion
) -> OneTimeToken:
    if completion.token is not None:
        return await onetime_service.spend(conn, purpose=Purpose.SIGNUP, token=completion.token)
    return await onetime_service.spend_code(
        conn,
        keys,
        purpose=Purpose.SIGNUP,
        target=completion.email or "",
        code=completion.code or "",
    )


async def _create(
    conn: Transaction, *, email: str, password_hash: str, described: dict[str, Any]
) -> User:
    user = await users_service.create(conn, email=email, **described)
    await auth_service.add_password(conn, user_id=user.id, hash=password_hash)
    await audit_service.record(
        conn, action=Action.SIGNED_UP, actor_id=user.id, object_id=user.id, detail={}
    )
    return user


async def proposal(conn: Connection, *, token: str) -> OneTimeToken:
    """What a link was mailed for, which this does not use up.

    Raises InvalidOneTimeToken and ExpiredToken.
    """
    return await onetime_service.look_at(conn, purpose=Purpose.SIGNUP, token=token)
