"""`/v1/users/me/password`, and showing the password again: `/v1/auth/reauthenticate`."""

from fastapi import APIRouter, Request, Response, status

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import exceptions, sessions, signing_in
from src.auth import service as auth_service
from src.auth.constants import LogoutScope, MfaMethod, Transport
from src.auth.dependencies import Authentication, CurrentUser, ProcessAuthentication
from src.auth.mfa import constants as mfa_constants
from src.auth.mfa import service as mfa_service
from src.auth.mfa.exceptions import InvalidMfaCode, LongerPasswordRequired
from src.auth.passkeys import service as passkeys_service
from src.auth.passkeys.ceremonies import RelyingParty
from src.auth.passkeys.dependencies import PossibleRelyingParty
from src.auth.password import service
from src.auth.password.dependencies import ConfirmedBy, OwnNewPassword
from src.auth.password.exceptions import SamePassword
from src.auth.password.schemas import Reauthentication
from src.auth.schemas import Refreshed
from src.dependencies import Pools, ProcessSettings, Transaction
from src.exceptions import Busy
from src.openapi import payload_problems, private_problems
from src.routing import Route
from src.users.schemas import UserId

router = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
my_router = APIRouter(prefix="/users/me/password", tags=["auth"], route_class=Route)


@my_router.put(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Set my password",
    responses=payload_problems(
        exceptions.InvalidToken,
        exceptions.InvalidCredentials,
        exceptions.FreshLoginRequired,
        SamePassword,
        LongerPasswordRequired,
        Busy,
    ),
)
async def set_my_password(
    request: Request,
    response: Response,
    new: OwnNewPassword,
    user: CurrentUser,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    conn: Transaction,
) -> None:
    """Change the password, which ends the other sessions unless `revoke_others` is false.

    An account without one gets its first; that takes a sign-in of the last 15 minutes. The caller
    stays signed in: in cookie transport with new tokens.
    """
    await service.set_own(
        conn, user_id=user.id, hash=new.hash, is_short=new.is_short, replaces=new.replaces
    )
    if new.revoke_others:
        await auth_service.revoke_sessions(
            conn,
            user_id=user.id,
            session_id=user.session_id,
            scope=LogoutScope.OTHERS,
            reason="password_changed",
        )
    session = await auth_service.get_session(conn, session_id=user.session_id)
    if session.transport is Transport.COOKIE:
        issued = await sessions.confirm(
            conn, authentication.issuer, session_id=user.session_id, auth_methods=["pwd"]
        )
        signing_in.send(request, response, settings, issued)


@my_router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove my password",
    responses=private_problems(
        exceptions.InvalidToken, exceptions.FreshLoginRequired, exceptions.LastLoginMethod
    ),
)
async def remove_my_password(user: CurrentUser, conn: Transaction) -> None:
    """Sign in without a password from now on, by whatever else the account has."""
    await service.remove(conn, user_id=user.id)


@router.post(
    "/reauthenticate",
    summary="Prove again who I am",
    responses=payload_problems(
        exceptions.InvalidToken, exceptions.InvalidCredentials, InvalidMfaCode, Busy
    ),
)
async def reauthenticate(
    request: Request,
    response: Response,
    proof: Reauthentication,
    confirmed_by: ConfirmedBy,
    party: PossibleRelyingParty,
    user: CurrentUser,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    conn: Transaction,
    pools: Pools,
) -> Refreshed:
    """Make this a fresh sign-in, with new tokens: what asks for one takes the new access token.

    A second factor makes it a sign-in by two (`aal2`). Its codes count as in `login/mfa`.
    """
    proved = confirmed_by or await _proved_by_factor(
        conn, pools, authentication, party, proof, user_id=user.id
    )
    issued = await sessions.confirm(
        conn, authentication.issuer, session_id=user.session_id, auth_methods=proved
    )
    await audit_service.record(
        conn,
        action=Action.SESSION_CONFIRMED,
        actor_id=user.id,
        object_id=user.session_id,
        detail={"methods": proved},
    )
    sent, csrf_token = signing_in.send(request, response, settings, issued)
    return Refreshed(tokens=sent, csrf_token=csrf_token)


async def _proved_by_factor(
    conn: Transaction,
    pools: Pools,
    authentication: Authentication,
    party: RelyingParty | None,
    proof: Reauthentication,
    *,
    user_id: UserId,
) -> list[str]:
    """What a code or a passkey proves. Raises InvalidMfaCode."""
    if proof.totp is not None:
        await mfa_service.verify_code(
            conn,
            pools,
            authentication.issuer.sealer,
            user_id=user_id,
            method=MfaMethod.TOTP,
            code=proof.totp,
        )
        return mfa_constants.AUTH_METHODS
    return await passkeys_service.verify_factor(
        conn, party, assertion=proof.assertion, user_id=user_id
    )
