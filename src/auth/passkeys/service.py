"""Passkeys: registering them, asking them, taking them away."""

from typing import Any
from uuid import uuid4

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.mfa import service as mfa_service
from src.auth.mfa.exceptions import InvalidMfaCode
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidOneTimeToken
from src.auth.onetime.schemas import FlowId
from src.auth.passkeys import ceremonies, exceptions
from src.auth.passkeys.ceremonies import RelyingParty
from src.auth.passkeys.constants import AUTH_METHODS, PASSKEYS_MAX
from src.auth.passkeys.schemas import (
    KnownPasskey,
    NewPasskey,
    Passkey,
    PasskeyId,
    PasskeyOptions,
    Shown,
)
from src.database import Connection, Transaction, sql
from src.notifications.constants import SecurityEvent
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    SELECT id, name, is_backed_up, created_at, last_used_at
      FROM passkey
     WHERE account_id = %(user_id)s
     ORDER BY id
    """
)
async def list_for_user(conn: Connection, *, user_id: UserId) -> list[Passkey]: ...


@sql("SELECT credential_id FROM passkey WHERE account_id = %(user_id)s ORDER BY id")
async def _list_credential_ids(conn: Connection, *, user_id: UserId) -> list[bytes]: ...


async def start_registration(
    conn: Connection, key: bytes, party: RelyingParty, *, user_id: UserId
) -> PasskeyOptions:
    """Ask for a new passkey, in five minutes. `key` is the service's secret key."""
    user = await users_service.get(conn, user_id=user_id)
    known = await _list_credential_ids(conn, user_id=user_id)
    asked = await onetime_service.issue(
        conn, key, purpose=Purpose.ADD_PASSKEY, target=str(user_id), user_id=user_id
    )
    return PasskeyOptions(
        flow_id=asked.flow_id,
        options=ceremonies.registration_options(
            party,
            user_id=user_id,
            email=user.email,
            display_name=user.display_name,
            challenge=asked.token,
            known=known,
        ),
        expires_at=asked.expires_at,
    )


async def start_asking(conn: Connection, key: bytes, party: RelyingParty) -> PasskeyOptions:
    """Ask whoever is there for a passkey, in five minutes. `key` is the service's secret key."""
    asked = await onetime_service.issue(
        conn, key, purpose=Purpose.PASSKEY, target=str(uuid4()), user_id=None
    )
    return PasskeyOptions(
        flow_id=asked.flow_id,
        options=ceremonies.authentication_options(party, challenge=asked.token),
        expires_at=asked.expires_at,
    )


@sql(
    """
    INSERT INTO passkey (account_id, credential_id, public_key, sign_count, is_backed_up, name)
    VALUES (%(user_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(is_backed_up)s,
            %(name)s)
    RETURNING id, name, is_backed_up, created_at, last_used_at
    -- The account is held, the payload holds to the length.
    -- allow constraint(passkey_account_id_fkey, passkey_name_length_check)
    """,
    constraints={"passkey_credential_id_key": exceptions.PasskeyKnown},
)
async def _add(
    conn: Transaction,
    *,
    user_id: UserId,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    is_backed_up: bool,
    name: str,
) -> Passkey: ...


async def register(
    conn: Transaction,
    sealer: Sealer,
    party: RelyingParty,
    *,
    user_id: UserId,
    flow_id: FlowId,
    credential: dict[str, Any],
    name: str,
) -> NewPasskey:
    """Keep a passkey that the browser has made.

    Raises InvalidPasskey, PasskeyKnown and PasskeyLimit.
    """
    challenge = await _use_challenge(
        conn, Purpose.ADD_PASSKEY, credential, user_id=user_id, flow_id=flow_id
    )
    made = ceremonies.registered(party, credential, challenge=challenge)
    await auth_service.hold_account(conn, user_id=user_id)
    if len(await _list_credential_ids(conn, user_id=user_id)) >= PASSKEYS_MAX:
        raise exceptions.PasskeyLimit()
    is_first = not await mfa_service.list_methods(conn, user_id=user_id)
    passkey = await _add(
        conn,
        user_id=user_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        is_backed_up=made.is_backed_up,
        name=name,
    )
    await mfa_service.note(
        conn,
        sealer,
        user_id=user_id,
        action=Action.PASSKEY_ADDED,
        event=SecurityEvent.PASSKEY_ADDED,
        object_id=passkey.id,
    )
    codes = await mfa_service.replace_recovery_codes(conn, user_id=user_id) if is_first else None
    return NewPasskey(passkey=passkey, recovery_codes=codes)


@sql(
    """
    UPDATE passkey
       SET name = %(name)s
     WHERE id = %(passkey_id)s
       AND account_id = %(user_id)s
    RETURNING id, name, is_backed_up, created_at, last_used_at
    -- The payload holds to the length.
    -- allow constraint(passkey_name_length_check)
    """,
    missing=exceptions.PasskeyNotFound,
)
async def rename(
    conn: Connection, *, user_id: UserId, passkey_id: PasskeyId, name: str
) -> Passkey: ...


@sql("DELETE FROM passkey WHERE id = %(passkey_id)s AND account_id = %(user_id)s")
async def _delete(conn: Transaction, *, user_id: UserId, passkey_id: PasskeyId) -> int: ...


async def delete(
    conn: Transaction, sealer: Sealer, *, user_id: UserId, passkey_id: PasskeyId
) -> None:
    """Take a passkey away.

    Raises PasskeyNotFound, LastLoginMethod and LongerPasswordRequired.
    """
    await auth_service.hold_account(conn, user_id=user_id)
    if await _delete(conn, user_id=user_id, passkey_id=passkey_id) == 0:
        raise exceptions.PasskeyNotFound()
    await auth_service.demand_login_method(conn, user_id=user_id)
    await mfa_service.finish_removal(conn, user_id=user_id)
    await mfa_service.note(
        conn,
        sealer,
        user_id=user_id,
        action=Action.PASSKEY_REMOVED,
        event=SecurityEvent.PASSKEY_REMOVED,
        object_id=passkey_id,
    )


@sql(
    """
    SELECT passkey.id, passkey.account_id AS user_id, account.status, passkey.public_key
      FROM passkey
      JOIN account ON account.id = passkey.account_id
     WHERE passkey.credential_id = %(credential_id)s
    """,
    missing=exceptions.InvalidPasskey,
)
async def _get_known(conn: Connection, *, credential_id: bytes) -> KnownPasskey: ...


@sql(
    """
    UPDATE passkey
       SET sign_count = %(sign_count)s, is_backed_up = %(is_backed_up)s, last_used_at = now()
     WHERE id = %(passkey_id)s
       AND (sign_count < %(sign_count)s OR sign_count = 0 AND %(sign_count)s = 0)
    """
)
async def _count_use(
    conn: Transaction, *, passkey_id: PasskeyId, sign_count: int, is_backed_up: bool
) -> int:
    """Note a use. One that counts must have counted on: else there are two of it."""
    ...


async def verify(
    conn: Transaction,
    party: RelyingParty,
    *,
    assertion: dict[str, Any],
    user_id: UserId | None = None,
    flow_id: FlowId | None = None,
) -> Shown:
    """Whose passkey has answered a challenge of ours, which is used up by it.

    It must be one of `user_id`, where that is given. Raises InvalidPasskey, which commits: inside a
    transaction, call this first.
    """
    challenge = await _use_challenge(conn, Purpose.PASSKEY, assertion, flow_id=flow_id)
    known = await _get_known(conn, credential_id=ceremonies.credential_id_of(assertion))
    if user_id is not None and known.user_id != user_id:
        raise exceptions.InvalidPasskey()
    said = ceremonies.asserted(
        party,
        assertion,
        user_id=known.user_id,
        challenge=challenge,
        public_key=known.public_key,
    )
    counted = await _count_use(
        conn, passkey_id=known.id, sign_count=said.sign_count, is_backed_up=said.is_backed_up
    )
    if counted == 0:
        await audit_service.record(
            conn,
            action=Action.PASSKEY_COUNTER_WENT_BACK,
            actor_id=known.user_id,
            object_id=known.id,
            detail={"sign_count": said.sign_count},
        )
        raise exceptions.InvalidPasskey()
    return Shown(user_id=known.user_id, status=known.status)


async def verify_factor(
    conn: Transaction,
    party: RelyingParty | None,
    *,
    assertion: dict[str, Any] | None,
    user_id: UserId,
) -> list[str]:
    """What a passkey of the user proves, in names of RFC 8176. Raises InvalidMfaCode."""
    if party is None or assertion is None:
        raise InvalidMfaCode()
    try:
        await verify(conn, party, assertion=assertion, user_id=user_id)
    except exceptions.InvalidPasskey as exc:
        raise InvalidMfaCode() from exc
    return AUTH_METHODS


async def _use_challenge(
    conn: Transaction,
    purpose: Purpose,
    credential: dict[str, Any],
    *,
    user_id: UserId | None = None,
    flow_id: FlowId | None = None,
) -> str:
    """The challenge that was answered, if it was ours, for this user, and not answered before."""
    challenge = ceremonies.challenge_of(credential)
    try:
        spent = await onetime_service.spend(conn, purpose=purpose, token=challenge)
    except (InvalidOneTimeToken, ExpiredToken) as exc:
        raise exceptions.InvalidPasskey() from exc
    if spent.user_id != user_id or (flow_id is not None and spent.flow_id != flow_id):
        raise exceptions.InvalidPasskey()
    return challenge
