"""`/v1/auth/login/mfa`, the second step of signing in; `/v1/users/me/mfa`, what it takes."""

from fastapi import APIRouter, Response, status

from src.auth import exceptions as auth_exceptions
from src.auth import schemas as auth_schemas
from src.auth import service as auth_service
from src.auth import signing_in
from src.auth.constants import MfaMethod, Transport
from src.auth.dependencies import CALLER_PROBLEMS, CurrentUser, ProcessAuthentication
from src.auth.mfa import exceptions, schemas, service
from src.auth.mfa.constants import AUTH_METHODS, CHANGED
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.passkeys import service as passkeys_service
from src.auth.passkeys.dependencies import PossibleRelyingParty
from src.auth.signing_in import CurrentSigningIn
from src.dependencies import Database, Pools, ProcessSettings, Transaction
from src.exceptions import FieldError, Invalid, Unavailable
from src.openapi import payload_problems, private_problems, problems
from src.routing import Route
from src.users import service as users_service

login_router = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
router = APIRouter(prefix="/users/me/mfa", tags=["second factors"], route_class=Route)

_FRESH = (*CALLER_PROBLEMS, auth_exceptions.FreshLoginRequired)


@login_router.post(
    "/login/mfa",
    summary="Sign in: the second step",
    responses=problems(
        exceptions.InvalidMfaCode,
        auth_exceptions.CsrfFailed,
        auth_exceptions.DeviceOwned,
        Invalid,
        Unavailable,
    ),
)
async def log_in_with_factor(
    step: schemas.SecondStep,
    party: PossibleRelyingParty,
    signing: CurrentSigningIn,
    conn: Transaction,
    pools: Pools,
) -> auth_schemas.SignedIn:
    """Finish signing in, with the ticket of the first step and a second factor.

    The tokens travel as the first step asked. A ticket has five tries and five minutes; an account
    takes five wrong codes in a quarter of an hour.
    """
    name, sent = (
        ("assertion", step.assertion) if step.method is MfaMethod.PASSKEY else ("code", step.code)
    )
    if sent is None:
        raise Invalid(errors=[FieldError(f"/{name}", "missing", f"Send `{name}` with it.")])
    ticket = await onetime_service.find(conn, purpose=Purpose.MFA, token=step.ticket)
    if ticket is None or ticket.user_id is None:
        raise exceptions.InvalidMfaCode()
    transport = Transport(ticket.detail["transport"])
    signing_in.check_transport(signing, transport)
    if await onetime_service.try_token(conn, purpose=Purpose.MFA, token=step.ticket) is None:
        raise exceptions.InvalidMfaCode()
    if step.method is MfaMethod.PASSKEY:
        proved = await passkeys_service.verify_factor(
            conn, party, assertion=step.assertion, user_id=ticket.user_id
        )
    else:
        await service.verify_code(
            conn,
            pools,
            signing.authentication.issuer.sealer,
            user_id=ticket.user_id,
            method=step.method,
            code=step.code or "",
        )
        proved = AUTH_METHODS
    await onetime_service.spend(conn, purpose=Purpose.MFA, token=step.ticket)
    device = ticket.detail.get("device")
    return await signing_in.open_session(
        conn,
        signing,
        user_id=ticket.user_id,
        transport=transport,
        auth_methods=[*ticket.detail["auth_methods"], *proved],
        device=auth_schemas.SentDevice.model_validate(device) if device else None,
    )


@router.post(
    "/totp",
    status_code=status.HTTP_201_CREATED,
    summary="Set up an authenticator app",
    responses=private_problems(*_FRESH, exceptions.TotpEnabled),
)
async def create_totp(
    user: CurrentUser,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    conn: Database,
    response: Response,
) -> schemas.NewTotp:
    """Make the seed of an authenticator app (RFC 6238), shown this once.

    Signing in does not ask for it until a code has confirmed it; asking again makes another seed.
    """
    response.headers["Cache-Control"] = "no-store"
    account = await users_service.get(conn, user_id=user.id)
    return await service.start_totp(
        conn,
        authentication.issuer.sealer,
        user_id=user.id,
        user=account.email,
        service=settings.authentication.mfa.name,
    )


@router.post(
    "/totp/confirm",
    summary="Confirm an authenticator app",
    responses=payload_problems(
        *_FRESH, exceptions.WrongTotpCode, exceptions.TotpNotFound, exceptions.TotpEnabled
    ),
)
async def confirm_totp(
    sent: schemas.TotpConfirm,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.RecoveryCodes:
    """Show that the app has the seed. From now on signing in asks for it.

    The other sessions end. The answer has ten recovery codes, this once; those made before are
    dead.
    """
    response.headers["Cache-Control"] = "no-store"
    made = await service.confirm_totp(
        conn, authentication.issuer.sealer, user_id=user.id, code=sent.code
    )
    await auth_service.revoke_other_sessions(conn, caller=user, reason=CHANGED)
    return schemas.RecoveryCodes(recovery_codes=made)


@router.delete(
    "/totp",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove an authenticator app",
    responses=private_problems(*_FRESH, exceptions.TotpNotFound, exceptions.LongerPasswordRequired),
)
async def delete_totp(
    user: CurrentUser, authentication: ProcessAuthentication, conn: Transaction
) -> None:
    """Sign in without it again. With the last factor the recovery codes go too.

    The other sessions end.
    """
    await service.delete_totp(conn, authentication.issuer.sealer, user_id=user.id)
    await auth_service.revoke_other_sessions(conn, caller=user, reason=CHANGED)


@router.post(
    "/recovery-codes",
    status_code=status.HTTP_201_CREATED,
    summary="Make new recovery codes",
    responses=private_problems(*_FRESH, exceptions.MfaNotEnabled),
)
async def create_recovery_codes(
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.RecoveryCodes:
    """Make ten codes, each good for one sign-in without the second factor; the old ones die."""
    response.headers["Cache-Control"] = "no-store"
    made = await service.renew_recovery_codes(conn, authentication.issuer.sealer, user_id=user.id)
    return schemas.RecoveryCodes(recovery_codes=made)
