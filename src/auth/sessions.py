"""The life of a session: its start, its refreshing, its tokens."""

from dataclasses import dataclass
from datetime import datetime

from uuid_utils.compat import uuid7

from src import security
from src.auth import exceptions, service, tokens
from src.auth.constants import SECOND_FACTORS, Aal, Transport
from src.auth.keys import KeyRing
from src.auth.schemas import DeviceId, SessionId, SessionSecret
from src.config import AuthenticationSettings
from src.database import Connection, Pools, Transaction
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.security import Sealer, Unsealable
from src.users.schemas import UserId

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Issuer:
    """What making tokens takes. One an application."""

    keys: KeyRing
    sealer: Sealer
    settings: AuthenticationSettings


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a session comes from, as far as its owner should recognise it."""

    ip_prefix: str
    user_agent: str
    ip: str = ""
    """The whole address, for counting; it is kept nowhere."""


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A session's tokens, on their way to the client."""

    session_id: SessionId
    transport: Transport
    access: tokens.AccessTokenSecret
    refresh_token: str
    refresh_expires_at: datetime


async def start(
    conn: Connection,
    issuer: Issuer,
    *,
    user_id: UserId,
    transport: Transport,
    caller: Caller,
    auth_methods: list[str],
    now: datetime,
    device_id: DeviceId | None = None,
) -> IssuedSecret:
    """Open a session for somebody who has just proved who they are.

    `auth_methods` are names of RFC 8176; what they say of the second factor is the session's `aal`.
    """
    aal = level_of(auth_methods)
    session_id, key = SessionId(uuid7()), security.random_key()
    lifetimes = issuer.settings.refresh_token
    expires_at = await service.open_session(
        conn,
        session_id=session_id,
        user_id=user_id,
        transport=transport,
        refresh_key=issuer.sealer.seal(key, place=_place(session_id)),
        auth_methods=auth_methods,
        aal=aal,
        idle_seconds=lifetimes.idle_days * _DAY_SECONDS,
        absolute_seconds=lifetimes.absolute_days * _DAY_SECONDS,
        ip_prefix=caller.ip_prefix,
        user_agent=caller.user_agent,
        device_id=device_id,
    )
    return IssuedSecret(
        session_id=session_id,
        transport=transport,
        access=tokens.mint(
            issuer.keys,
            issuer.settings,
            user_id=user_id,
            session_id=session_id,
            authenticated_at=now,
            auth_methods=auth_methods,
            aal=aal,
        ),
        refresh_token=tokens.derive_refresh_token(key, session_id=session_id, counter=0),
        refresh_expires_at=expires_at,
    )


def level_of(auth_methods: list[str]) -> Aal:
    """One factor or two, as the names of RFC 8176 say. A passkey is two: it asks for its user."""
    return Aal.ONE if SECOND_FACTORS.isdisjoint(auth_methods) else Aal.TWO


async def refresh(
    conn: Connection, pools: Pools, issuer: Issuer, claim: tokens.RefreshClaim
) -> IssuedSecret:
    """Trade a refresh token for its successor.

    The current token of a session that stands takes one write. All else is decided in a
    transaction that holds the session. Raises RateLimited.
    """
    lifetimes = issuer.settings.refresh_token
    session = await service.find_session(
        pools.deciding.single,
        session_id=claim.session_id,
        grace_seconds=lifetimes.grace_seconds,
    )
    key = unsealed_key(issuer.sealer, session)
    is_genuine = claim.is_genuine(key)
    if is_genuine:  # else anybody could use up what the session is allowed
        await limits_service.demand(pools, Rule.REFRESH_SESSION, session.id)
    if is_genuine and claim.counter == session.refresh_counter:
        expires_at = await service.rotate_current(
            conn,
            session_id=session.id,
            counter=claim.counter,
            idle_seconds=lifetimes.idle_days * _DAY_SECONDS,
        )
        if expires_at is not None:
            return _reissued(issuer, session, key, claim.counter + 1, expires_at)
    async with pools.write.transaction() as own:
        return await _refresh_held(own, issuer, claim)


async def _refresh_held(
    conn: Transaction, issuer: Issuer, claim: tokens.RefreshClaim
) -> IssuedSecret:
    """Trade a refresh token while nobody else can.

    The previous token answers with the same successor for a short while, since answers get lost
    and tabs race. An older one was copied: its session ends, and that commits with the error.
    """
    lifetimes = issuer.settings.refresh_token
    session = await service.lock_session(
        conn, session_id=claim.session_id, grace_seconds=lifetimes.grace_seconds
    )
    key = unsealed_key(issuer.sealer, session)
    # A forged token never ends a session: else an id would be enough to sign somebody out.
    if not claim.is_genuine(key) or claim.counter > session.refresh_counter:
        raise exceptions.RefreshInvalid()
    if session.is_revoked:
        raise exceptions.RefreshInvalid()
    if not session.is_alive:
        raise exceptions.SessionExpired()
    counter, expires_at = session.refresh_counter, session.refresh_expires_at
    if claim.counter == counter:  # it stands again since it was looked at
        rotated = await service.rotate_current(
            conn,
            session_id=session.id,
            counter=counter,
            idle_seconds=lifetimes.idle_days * _DAY_SECONDS,
        )
        if rotated is None:
            raise exceptions.SessionExpired()
        counter, expires_at = counter + 1, rotated
    elif claim.counter < counter - 1 or not session.is_in_grace:
        await service.revoke_reused(conn, issuer.sealer, session=session)
        raise exceptions.RefreshReused()
    return _reissued(issuer, session, key, counter, expires_at)


async def confirm(
    conn: Connection, issuer: Issuer, *, session_id: SessionId, auth_methods: list[str]
) -> IssuedSecret:
    """New tokens for a session whose user has just proved again who they are.

    The refresh token from before is spent; the access token from before stays one of then.
    """
    session = await service.confirm_session(
        conn,
        session_id=session_id,
        auth_methods=auth_methods,
        aal=level_of(auth_methods),
        idle_seconds=issuer.settings.refresh_token.idle_days * _DAY_SECONDS,
    )
    key = unsealed_key(issuer.sealer, session)
    return _reissued(issuer, session, key, session.refresh_counter, session.refresh_expires_at)


def _reissued(
    issuer: Issuer, session: SessionSecret, key: bytes, counter: int, expires_at: datetime
) -> IssuedSecret:
    return IssuedSecret(
        session_id=session.id,
        transport=session.transport,
        access=tokens.mint(
            issuer.keys,
            issuer.settings,
            user_id=session.user_id,
            session_id=session.id,
            authenticated_at=session.authenticated_at,
            auth_methods=session.auth_methods,
            aal=session.aal,
        ),
        refresh_token=tokens.derive_refresh_token(key, session_id=session.id, counter=counter),
        refresh_expires_at=expires_at,
    )


def unsealed_key(sealer: Sealer, session: SessionSecret) -> bytes:
    """The key behind the session's refresh tokens. Raises RefreshInvalid if it does not open."""
    try:
        return sealer.unseal(session.refresh_key, place=_place(session.id))
    except Unsealable as exc:
        raise exceptions.RefreshInvalid() from exc


def _place(session_id: SessionId) -> str:
    return f"session.refresh_key:{session_id}"
