"""Second factors: which an account has, and whether what comes is one of them."""

from uuid import UUID, uuid4

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.constants import PASSWORD_MIN, PASSWORD_MIN_BESIDE, MfaMethod, Transport
from src.auth.mfa import codes, exceptions
from src.auth.mfa.schemas import Factors, NewTotp, TotpSecret
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.schemas import MfaChallenge, SentDevice
from src.database import Connection, Pools, Transaction, sql
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer, Unsealable
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    SELECT EXISTS (SELECT FROM totp
                    WHERE account_id = %(user_id)s
                      AND confirmed_at IS NOT NULL) AS has_totp,
           EXISTS (SELECT FROM passkey
                    WHERE account_id = %(user_id)s) AS has_passkey,
           EXISTS (SELECT FROM recovery_code
                    WHERE account_id = %(user_id)s
                      AND used_at IS NULL) AS has_recovery_code
    """
)
async def get_factors(conn: Connection, *, user_id: UserId) -> Factors: ...


async def list_methods(conn: Connection, *, user_id: UserId) -> list[MfaMethod]:
    """What may come as a second factor; nothing where there is none but recovery codes."""
    factors = await get_factors(conn, user_id=user_id)
    if not (factors.has_totp or factors.has_passkey):
        return []
    found = {
        MfaMethod.TOTP: factors.has_totp,
        MfaMethod.PASSKEY: factors.has_passkey,
        MfaMethod.RECOVERY_CODE: factors.has_recovery_code,
    }
    return [method for method, has in found.items() if has]


async def password_min(conn: Connection, *, user_id: UserId) -> int:
    """How many characters a password needs: fewer where it is not the only factor."""
    has_second = bool(await list_methods(conn, user_id=user_id))
    return PASSWORD_MIN_BESIDE if has_second else PASSWORD_MIN


async def demand_second_factor(conn: Transaction, *, user_id: UserId) -> None:
    """Raise LongerPasswordRequired if an account that is held has no second factor."""
    if not await list_methods(conn, user_id=user_id):
        raise exceptions.LongerPasswordRequired()


async def issue_ticket(
    conn: Connection,
    key: bytes,
    *,
    user_id: UserId,
    methods: list[MfaMethod],
    transport: Transport,
    auth_methods: list[str],
    device: SentDevice | None = None,
) -> MfaChallenge:
    """What somebody comes back with for the second step. `key` is the service's secret key.

    Each sign-in has its own: whoever knows the password cannot kill the tickets of another.
    """
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.MFA,
        target=str(uuid4()),
        user_id=user_id,
        detail={
            "transport": transport,
            "auth_methods": auth_methods,
            "device": device.model_dump(mode="json") if device else None,
        },
    )
    return MfaChallenge(ticket=issued.token, methods=methods, expires_at=issued.expires_at)


async def verify_code(
    conn: Transaction,
    pools: Pools,
    sealer: Sealer,
    *,
    user_id: UserId,
    method: MfaMethod,
    code: str,
) -> None:
    """Use a code of the account's second factor up.

    It is no passkey. Raises InvalidMfaCode, which commits; also where the account has had too many
    wrong ones lately, which right ones do not add to.
    """
    is_allowed = await limits_service.allows(pools, Rule.MFA_ACCOUNT, user_id)
    if method is MfaMethod.TOTP:
        is_right = is_allowed and await _use_totp(conn, sealer, user_id=user_id, code=code)
    else:
        is_right = is_allowed and await _use_recovery_code(conn, user_id=user_id, code=code)
    if not is_right:
        await audit_service.record(
            conn,
            action=Action.SECOND_FACTOR_REFUSED,
            actor_id=user_id,
            object_id=user_id,
            detail={"method": method},
        )
        raise exceptions.InvalidMfaCode()
    await limits_service.forgive(pools, Rule.MFA_ACCOUNT, user_id)
    if method is MfaMethod.RECOVERY_CODE:
        await note(
            conn,
            sealer,
            user_id=user_id,
            action=Action.RECOVERY_CODE_USED,
            event=SecurityEvent.RECOVERY_CODE_USED,
        )


@sql(
    """
    SELECT secret, confirmed_at IS NOT NULL AS is_confirmed, statement_timestamp() AS now
      FROM totp
     WHERE account_id = %(user_id)s
    """
)
async def _find_totp(conn: Connection, *, user_id: UserId) -> TotpSecret | None: ...


@sql(
    """
    UPDATE totp
       SET last_step = %(step)s
     WHERE account_id = %(user_id)s
       AND confirmed_at IS NOT NULL
       AND last_step < %(step)s
    """
)
async def _use_step(conn: Transaction, *, user_id: UserId, step: int) -> int:
    """Of those who come with a code of the same time step, one gets through."""
    ...


async def _use_totp(conn: Transaction, sealer: Sealer, *, user_id: UserId, code: str) -> bool:
    found = await _find_totp(conn, user_id=user_id)
    if found is None or not found.is_confirmed:
        return False
    step = codes.step_of(_unsealed(sealer, found, user_id), code, at=found.now)
    return step is not None and await _use_step(conn, user_id=user_id, step=step) == 1


@sql(
    """
    UPDATE recovery_code
       SET used_at = now()
     WHERE account_id = %(user_id)s
       AND code_hash = %(code_hash)s
       AND used_at IS NULL
    """
)
async def _spend_recovery_code(conn: Transaction, *, user_id: UserId, code_hash: bytes) -> int: ...


async def _use_recovery_code(conn: Transaction, *, user_id: UserId, code: str) -> bool:
    hashed = codes.recovery_code_hash(code)
    return await _spend_recovery_code(conn, user_id=user_id, code_hash=hashed) == 1


@sql(
    """
    INSERT INTO totp (account_id, secret)
    VALUES (%(user_id)s, %(secret)s)
        ON CONFLICT (account_id) DO UPDATE
       SET secret = excluded.secret, created_at = now()
     WHERE totp.confirmed_at IS NULL
    -- The account is the caller's.
    -- allow constraint(totp_account_id_fkey)
    """
)
async def _keep_totp(conn: Connection, *, user_id: UserId, secret: bytes) -> int: ...


async def start_totp(
    conn: Connection, sealer: Sealer, *, user_id: UserId, user: str, service: str
) -> NewTotp:
    """Make the seed of an authenticator app; it is no factor until a code has confirmed it.

    Starting again replaces a seed that nobody confirmed. Raises TotpEnabled.
    """
    seed = codes.new_seed()
    sealed = sealer.seal(seed.encode(), place=_place(user_id))
    if await _keep_totp(conn, user_id=user_id, secret=sealed) == 0:
        raise exceptions.TotpEnabled()
    return NewTotp(
        secret=seed, otpauth_uri=codes.provisioning_uri(seed, user=user, service=service)
    )


@sql(
    """
    UPDATE totp
       SET confirmed_at = now(), last_step = %(step)s
     WHERE account_id = %(user_id)s
       AND secret = %(secret)s
       AND confirmed_at IS NULL
    """
)
async def _confirm_totp(conn: Transaction, *, user_id: UserId, secret: bytes, step: int) -> int: ...


async def confirm_totp(
    conn: Transaction, sealer: Sealer, *, user_id: UserId, code: str
) -> list[str]:
    """Let the authenticator app count from now on; returns new recovery codes.

    Raises TotpNotFound, TotpEnabled and WrongTotpCode.
    """
    found = await _find_totp(conn, user_id=user_id)
    if found is None:
        raise exceptions.TotpNotFound()
    if found.is_confirmed:
        raise exceptions.TotpEnabled()
    step = codes.step_of(_unsealed(sealer, found, user_id), code, at=found.now)
    if step is None:
        raise exceptions.WrongTotpCode()
    if await _confirm_totp(conn, user_id=user_id, secret=found.secret, step=step) == 0:
        raise exceptions.TotpEnabled()
    await note(
        conn,
        sealer,
        user_id=user_id,
        action=Action.TOTP_ADDED,
        event=SecurityEvent.TOTP_ADDED,
    )
    return await replace_recovery_codes(conn, user_id=user_id)


@sql(
    """
    SELECT EXISTS (SELECT FROM password
                    WHERE account_id = %(user_id)s
                      AND is_short)
    """
)
async def _has_short_password(conn: Transaction, *, user_id: UserId) -> bool: ...


@sql("DELETE FROM totp WHERE account_id = %(user_id)s AND confirmed_at IS NOT NULL")
async def _delete_totp(conn: Transaction, *, user_id: UserId) -> int: ...


@sql("DELETE FROM recovery_code WHERE account_id = %(user_id)s")
async def _delete_recovery_codes(conn: Transaction, *, user_id: UserId) -> int: ...


async def delete_totp(conn: Transaction, sealer: Sealer, *, user_id: UserId) -> None:
    """Take the authenticator app away. Raises TotpNotFound and LongerPasswordRequired."""
    await auth_service.hold_account(conn, user_id=user_id)
    if await _delete_totp(conn, user_id=user_id) == 0:
        raise exceptions.TotpNotFound()
    await finish_removal(conn, user_id=user_id)
    await note(
        conn,
        sealer,
        user_id=user_id,
        action=Action.TOTP_REMOVED,
        event=SecurityEvent.TOTP_REMOVED,
    )


async def finish_removal(conn: Transaction, *, user_id: UserId) -> None:
    """After a factor of an account that is held has gone: what stood in for it goes with the last.

    Raises LongerPasswordRequired where a short password would be left alone.
    """
    if await list_methods(conn, user_id=user_id):
        return
    if await _has_short_password(conn, user_id=user_id):
        raise exceptions.LongerPasswordRequired()
    await _delete_recovery_codes(conn, user_id=user_id)


async def renew_recovery_codes(conn: Transaction, sealer: Sealer, *, user_id: UserId) -> list[str]:
    """Make ten new codes; the old ones are dead. Raises MfaNotEnabled."""
    await auth_service.hold_account(conn, user_id=user_id)
    if not await list_methods(conn, user_id=user_id):
        raise exceptions.MfaNotEnabled()
    await note(
        conn,
        sealer,
        user_id=user_id,
        action=Action.RECOVERY_CODES_MADE,
        event=SecurityEvent.RECOVERY_CODES_RENEWED,
    )
    return await replace_recovery_codes(conn, user_id=user_id)


@sql(
    """
    INSERT INTO recovery_code (account_id, code_hash)
    SELECT %(user_id)s, unnest(%(code_hashes)s::bytea[])
    -- The account is held, the codes are random.
    -- allow constraint(recovery_code_account_id_fkey, recovery_code_pkey)
    """
)
async def _add_recovery_codes(
    conn: Transaction, *, user_id: UserId, code_hashes: list[bytes]
) -> None: ...


async def replace_recovery_codes(conn: Transaction, *, user_id: UserId) -> list[str]:
    """Make ten codes for an account that has a factor; those that it had are dead."""
    made = codes.new_recovery_codes()
    await _delete_recovery_codes(conn, user_id=user_id)
    await _add_recovery_codes(
        conn, user_id=user_id, code_hashes=[codes.recovery_code_hash(code) for code in made]
    )
    return made


async def note(
    conn: Transaction,
    sealer: Sealer,
    *,
    user_id: UserId,
    action: Action,
    event: SecurityEvent,
    object_id: UUID | None = None,
) -> None:
    """Write down that a factor has changed, and tell the account's owner, who may not know."""
    await audit_service.record(
        conn, action=action, actor_id=user_id, object_id=object_id or user_id, detail={}
    )
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


def _unsealed(sealer: Sealer, found: TotpSecret, user_id: UserId) -> str:
    """The seed. Raises InvalidMfaCode where it was sealed by another key or for somebody else."""
    try:
        return sealer.unseal(found.secret, place=_place(user_id)).decode()
    except Unsealable as exc:
        raise exceptions.InvalidMfaCode() from exc


def _place(user_id: UserId) -> str:
    return f"totp.secret:{user_id}"
