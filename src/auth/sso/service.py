"""Whose an identity is, and how it comes to be somebody's.

The key of an identity is issuer and subject, never the email. The constraints decide races.
"""

from src import security
from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth import ways_in
from src.auth.constants import LogoutScope
from src.auth.exceptions import SignupDisabled, shut
from src.auth.schemas import SessionId
from src.auth.sso import exceptions
from src.auth.sso.constants import IDENTITIES_MAX, NONCE_DAYS
from src.auth.sso.schemas import Asserted, Identity, IdentityId, KnownIdentity, Resolved
from src.database import Connection, Transaction, sql
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    INSERT INTO sso_nonce (nonce_hash)
    VALUES (%(nonce_hash)s)
        ON CONFLICT (nonce_hash) DO NOTHING
    """
)
async def _spend(conn: Connection, *, nonce_hash: bytes) -> int: ...


async def spend(conn: Connection, *, provider: str, nonce: str) -> bool:
    """Use a nonce up. Of callers at the same time one gets True, and nobody ever again."""
    nonce_hash = security.token_hash(f"{provider}\n{nonce}")
    return await _spend(conn, nonce_hash=nonce_hash) == 1


@sql(
    """
    WITH old AS (
        SELECT nonce_hash
          FROM sso_nonce
         WHERE used_at < now() - interval '1 day' * %(days)s
         ORDER BY used_at, nonce_hash
         LIMIT 1000
           FOR UPDATE SKIP LOCKED
    )
    DELETE FROM sso_nonce
     USING old
     WHERE sso_nonce.nonce_hash = old.nonce_hash
    """
)
async def _purge(conn: Connection, *, days: int) -> int: ...


async def purge(conn: Connection) -> int:
    """Forget some nonces whose tokens have long been dead; returns how many."""
    return await _purge(conn, days=NONCE_DAYS)


@sql(
    """
    UPDATE identity
       SET last_used_at = now(),
           email = %(email)s
      FROM account
     WHERE identity.issuer = %(issuer)s
       AND identity.subject = %(subject)s
       AND account.id = identity.account_id
    RETURNING identity.id, identity.account_id AS user_id,
              account.status IN ('active', 'pending') AS is_active,
              account.status = 'deleting' AS is_deleting
    """
)
async def _recognise(
    conn: Transaction, *, issuer: str, subject: str, email: str | None
) -> KnownIdentity | None: ...


@sql(
    """
    INSERT INTO identity (account_id, provider, issuer, subject, email)
    VALUES (%(user_id)s, %(provider)s, %(issuer)s, %(subject)s, %(email)s)
        ON CONFLICT (issuer, subject) DO NOTHING
    RETURNING id
    -- The account is held, or has just been made.
    -- allow constraint(identity_account_id_fkey)
    """
)
async def _attach(
    conn: Transaction,
    *,
    user_id: UserId,
    provider: str,
    issuer: str,
    subject: str,
    email: str | None,
) -> IdentityId | None: ...


class _Raced(Exception):
    """Somebody else has just attached the identity."""


async def resolve(
    conn: Transaction, sealer: Sealer, asserted: Asserted, *, takes_new: bool = True
) -> Resolved:
    """Whose account this signs in to: the identity's, a new one, or one that it is linked with.

    Raises AccountDisabled, AccountDeleting, EmailMissing and AccountExists; and SignupDisabled, in
    place of making an account, unless it `takes_new`.
    """
    if (user_id := await _known(conn, asserted)) is not None:
        return Resolved(user_id, is_new=False)
    if asserted.email is None:
        raise exceptions.EmailMissing()
    try:
        if takes_new:
            async with conn.transaction():  # an account without its identity is not to stay
                created = await _created(conn, asserted, asserted.email)
            if created is not None:
                return Resolved(created, is_new=True)
        async with conn.transaction():
            # Whoever had the email first may have come with the same identity.
            user_id = await _known(conn, asserted)
            if user_id is None:
                user_id = await _linked_by_email(
                    conn, sealer, asserted, asserted.email, takes_new=takes_new
                )
            return Resolved(user_id, is_new=False)
    except _Raced:
        user_id = await _known(conn, asserted)
        if user_id is None:
            raise exceptions.AccountExists() from None
        return Resolved(user_id, is_new=False)


async def _known(conn: Transaction, asserted: Asserted) -> UserId | None:
    known = await _recognise(
        conn, issuer=asserted.issuer, subject=asserted.subject, email=asserted.email
    )
    if known is not None and not known.is_active:
        raise shut(is_deleting=known.is_deleting)
    return known.user_id if known is not None else None


async def _created(conn: Transaction, asserted: Asserted, email: str) -> UserId | None:
    """A new account with this identity and no password; None if there is one with the email."""
    user_id = await users_service.create_unless_known(
        conn,
        email=email,
        given_name=asserted.given_name,
        family_name=asserted.family_name,
        is_email_verified=asserted.is_email_trusted,
    )
    if user_id is not None:
        await _attach_or_race(conn, user_id, asserted)
        await audit_service.record(
            conn,
            action=Action.SIGNED_UP,
            actor_id=user_id,
            object_id=user_id,
            detail={"provider": asserted.provider},
        )
    return user_id


async def _linked_by_email(
    conn: Transaction, sealer: Sealer, asserted: Asserted, email: str, *, takes_new: bool
) -> UserId:
    """The account with this email, if the provider's word is enough for it. Raises AccountExists.

    An account whose own email nobody has verified may have been made by somebody who waits for the
    true owner: all that could sign in to it is taken away.
    """
    account = await users_service.lock_by_email(conn, email=email)
    if account is None and not takes_new:
        raise SignupDisabled()
    if account is None or not asserted.is_email_trusted:
        raise exceptions.AccountExists()
    if not account.is_active:
        raise shut(is_deleting=account.is_deleting)
    if not account.is_email_verified:
        await _reclaim(conn, sealer, account.id)
    identity_id = await _attach_or_race(conn, account.id, asserted)
    await _linked(conn, sealer, account.id, identity_id, asserted.provider)
    return account.id


async def _reclaim(conn: Transaction, sealer: Sealer, user_id: UserId) -> None:
    """Leave the account's owner nothing that somebody else could have prepared."""
    had_password = await ways_in.forget_unproven(conn, user_id=user_id)
    await auth_service.revoke_sessions(
        conn,
        user_id=user_id,
        session_id=SessionId(user_id),  # of all, whichever it is
        scope=LogoutScope.ALL,
        reason="reclaimed",
    )
    await users_service.mark_verified(conn, user_id=user_id)
    await audit_service.record(
        conn, action=Action.ACCOUNT_RECLAIMED, actor_id=user_id, object_id=user_id, detail={}
    )
    event = SecurityEvent.PASSWORD_WIPED if had_password else SecurityEvent.SESSIONS_REVOKED
    await _tell(conn, sealer, user_id, event)


async def _attach_or_race(conn: Transaction, user_id: UserId, asserted: Asserted) -> IdentityId:
    identity_id = await _attach(
        conn,
        user_id=user_id,
        provider=asserted.provider,
        issuer=asserted.issuer,
        subject=asserted.subject,
        email=asserted.email,
    )
    if identity_id is None:
        raise _Raced()
    return identity_id


@sql(
    """
    SELECT id, provider, issuer, email, created_at, last_used_at
      FROM identity
     WHERE account_id = %(user_id)s
     ORDER BY created_at, id
     LIMIT 100
    """
)
async def list_for_user(conn: Connection, *, user_id: UserId) -> list[Identity]:
    """The identities that sign in to an account, oldest first."""
    ...


@sql(
    """
    SELECT id, provider, issuer, email, created_at, last_used_at
      FROM identity
     WHERE account_id = %(user_id)s
       AND issuer = %(issuer)s
       AND subject = %(subject)s
    """,
    missing=exceptions.IdentityTaken,
)
async def _get_own(conn: Connection, *, user_id: UserId, issuer: str, subject: str) -> Identity: ...


@sql("SELECT count(*) FROM identity WHERE account_id = %(user_id)s")
async def _count(conn: Connection, *, user_id: UserId) -> int: ...


async def link(
    conn: Transaction, sealer: Sealer, *, user_id: UserId, asserted: Asserted
) -> Identity:
    """Let an identity sign in to the account; again for one that does so already.

    Raises IdentityTaken and IdentityLimit.
    """
    await auth_service.hold_account(conn, user_id=user_id)
    is_full = await _count(conn, user_id=user_id) >= IDENTITIES_MAX
    identity_id = await _attach(
        conn,
        user_id=user_id,
        provider=asserted.provider,
        issuer=asserted.issuer,
        subject=asserted.subject,
        email=asserted.email,
    )
    if identity_id is not None:
        if is_full:
            raise exceptions.IdentityLimit()
        await _linked(conn, sealer, user_id, identity_id, asserted.provider)
    return await _get_own(conn, user_id=user_id, issuer=asserted.issuer, subject=asserted.subject)


@sql(
    """
    DELETE FROM identity
     WHERE id = %(identity_id)s
       AND account_id = %(user_id)s
    RETURNING provider
    """,
    missing=exceptions.IdentityNotFound,
)
async def _detach(conn: Transaction, *, user_id: UserId, identity_id: IdentityId) -> str: ...


async def unlink(
    conn: Transaction, sealer: Sealer, *, user_id: UserId, identity_id: IdentityId
) -> None:
    """Let an identity no longer sign in. Raises IdentityNotFound and LastLoginMethod."""
    await auth_service.hold_account(conn, user_id=user_id)
    provider = await _detach(conn, user_id=user_id, identity_id=identity_id)
    await auth_service.demand_login_method(conn, user_id=user_id)
    await _record(conn, Action.IDENTITY_UNLINKED, user_id, identity_id, provider)
    await _tell(conn, sealer, user_id, SecurityEvent.IDENTITY_UNLINKED)


async def _linked(
    conn: Transaction, sealer: Sealer, user_id: UserId, identity_id: IdentityId, provider: str
) -> None:
    await _record(conn, Action.IDENTITY_LINKED, user_id, identity_id, provider)
    await _tell(conn, sealer, user_id, SecurityEvent.IDENTITY_LINKED)


async def _tell(conn: Transaction, sealer: Sealer, user_id: UserId, event: SecurityEvent) -> None:
    """Write to the account's owner: if it was not they, they should know."""
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


async def _record(
    conn: Connection, action: Action, user_id: UserId, identity_id: IdentityId, provider: str
) -> None:
    await audit_service.record(
        conn,
        action=action,
        actor_id=user_id,
        object_id=identity_id,
        detail={"provider": provider},
    )
