"""`/v1/auth/passkeys`, signing in by one; `/v1/users/me/passkeys`, those that one has."""

from fastapi import APIRouter, Response, status

from src.auth import exceptions as auth_exceptions
from src.auth import service as auth_service
from src.auth import signing_in
from src.auth.dependencies import (
    CALLER_PROBLEMS,
    CurrentUser,
    ProcessAuthentication,
    RequestCaller,
)
from src.auth.mfa.constants import CHANGED
from src.auth.mfa.exceptions import LongerPasswordRequired
from src.auth.passkeys import exceptions, schemas, service
from src.auth.passkeys.constants import AUTH_METHODS
from src.auth.passkeys.dependencies import CurrentRelyingParty
from src.auth.signing_in import CurrentSigningIn
from src.constants import API_PREFIX
from src.dependencies import Database, Deciding, Pools, ProcessSettings, Transaction
from src.exceptions import Invalid, Unavailable
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.limits.exceptions import RateLimited
from src.openapi import payload_problems, private_problems, problems
from src.routing import Route
from src.schemas import Page
from src.users.constants import Status

login_router = APIRouter(prefix="/auth/passkeys", tags=["auth"], route_class=Route)
router = APIRouter(prefix="/users/me/passkeys", tags=["second factors"], route_class=Route)

_FRESH = (*CALLER_PROBLEMS, auth_exceptions.FreshLoginRequired)


@login_router.post(
    "/options",
    summary="Ask for a passkey",
    responses=problems(exceptions.PasskeysDisabled, RateLimited, Unavailable),
)
async def create_passkey_login_options(
    party: CurrentRelyingParty,
    settings: ProcessSettings,
    caller: RequestCaller,
    pools: Pools,
    conn: Database,
) -> schemas.PasskeyOptions:
    """Make a challenge, good once and for five minutes, for any passkey of this site.

    What answers it signs in (`verify`), is a second factor (`login/mfa`) or proves who is there
    (`reauthenticate`).
    """
    await limits_service.demand(pools, Rule.LOGIN_IP, caller.ip)
    return await service.start_asking(conn, settings.secret_key, party)


@login_router.post(
    "/verify",
    summary="Sign in by a passkey",
    responses=problems(
        exceptions.InvalidPasskey,
        exceptions.PasskeysDisabled,
        auth_exceptions.AccountDisabled,
        auth_exceptions.AccountDeleting,
        auth_exceptions.CsrfFailed,
        Invalid,
        Unavailable,
    ),
)
async def log_in_by_passkey(
    login: schemas.PasskeyLogin,
    party: CurrentRelyingParty,
    signing: CurrentSigningIn,
    conn: Transaction,
) -> signing_in.Outcome:
    """Sign in without a name and without a password. No other factor is asked for."""
    signing_in.check_transport(signing, login.token_transport)
    shown = await service.verify(conn, party, assertion=login.assertion, flow_id=login.flow_id)
    if shown.status not in {Status.ACTIVE, Status.PENDING}:
        raise auth_exceptions.shut(is_deleting=shown.status is Status.DELETING)
    return await signing_in.complete(
        conn,
        signing,
        user_id=shown.user_id,
        transport=login.token_transport,
        auth_methods=AUTH_METHODS,
    )


@router.post(
    "/options",
    summary="Ask for a new passkey",
    responses=private_problems(*_FRESH, exceptions.PasskeysDisabled),
)
async def create_passkey_options(
    user: CurrentUser, party: CurrentRelyingParty, settings: ProcessSettings, conn: Database
) -> schemas.PasskeyOptions:
    """Make a challenge for a passkey to be made, good once and for five minutes."""
    return await service.start_registration(conn, settings.secret_key, party, user_id=user.id)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Register a passkey",
    responses=payload_problems(
        *_FRESH,
        exceptions.InvalidPasskey,
        exceptions.PasskeysDisabled,
        exceptions.PasskeyKnown,
        exceptions.PasskeyLimit,
    ),
)
async def create_passkey(
    new: schemas.PasskeyCreate,
    user: CurrentUser,
    party: CurrentRelyingParty,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.NewPasskey:
    """Keep a passkey that the browser has made. It signs in by itself, or as a second factor.

    From now on signing in by password asks for a second factor, and the other sessions end. If it
    is the account's first, the answer has ten recovery codes, this once.
    """
    response.headers["Cache-Control"] = "no-store"
    made = await service.register(
        conn,
        authentication.issuer.sealer,
        party,
        user_id=user.id,
        flow_id=new.flow_id,
        credential=new.credential,
        name=new.name,
    )
    await auth_service.revoke_other_sessions(conn, caller=user, reason=CHANGED)
    response.headers["Location"] = f"{API_PREFIX}/users/me/passkeys/{made.passkey.id}"
    return made


@router.get("", summary="My passkeys", responses=private_problems(*CALLER_PROBLEMS))
async def list_passkeys(user: CurrentUser, conn: Deciding) -> Page[schemas.Passkey]:
    """List the caller's passkeys, oldest first: ten at most, on one page."""
    items = await service.list_for_user(conn, user_id=user.id)
    return Page[schemas.Passkey](items=items, next_cursor=None)


@router.patch(
    "/{passkey_id}",
    summary="Rename a passkey",
    responses=payload_problems(*CALLER_PROBLEMS, exceptions.PasskeyNotFound),
)
async def update_passkey(
    passkey_id: schemas.PasskeyId,
    change: schemas.PasskeyUpdate,
    user: CurrentUser,
    conn: Database,
) -> schemas.Passkey:
    """Give it another name."""
    return await service.rename(conn, user_id=user.id, passkey_id=passkey_id, name=change.name)


@router.delete(
    "/{passkey_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a passkey",
    responses=private_problems(
        *_FRESH,
        exceptions.PasskeyNotFound,
        auth_exceptions.LastLoginMethod,
        LongerPasswordRequired,
        Invalid,
    ),
)
async def delete_passkey(
    passkey_id: schemas.PasskeyId,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
) -> None:
    """Take it away. With the last factor the recovery codes go too. The other sessions end."""
    await service.delete(conn, authentication.issuer.sealer, user_id=user.id, passkey_id=passkey_id)
    await auth_service.revoke_other_sessions(conn, caller=user, reason=CHANGED)
