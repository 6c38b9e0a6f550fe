"""`/v1/auth`: signing up, in and out; and the keys by which others verify our tokens."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from src.auth import browsers, cookies, exceptions, schemas, service, sessions, signing_in, tokens
from src.auth.binding import ProcessDevices
from src.auth.captcha.exceptions import CaptchaRequired
from src.auth.constants import Transport
from src.auth.dependencies import (
    Authentication,
    CurrentUser,
    ProcessAuthentication,
    VerifiedLoginSecret,
    claims_of,
    own_origin,
    sent_token,
    verified_login,
)
from src.auth.signing_in import CurrentSigningIn
from src.config import Settings
from src.dependencies import Database, Deciding, Pools, ProcessSettings, Transaction
from src.exceptions import Busy, Invalid, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import private_problems, problems
from src.routing import Route
from src.users import service as users_service
from src.users.schemas import UserId

router = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
well_known_router = APIRouter(prefix="/.well-known", tags=["auth"], route_class=Route)

_JWKS_MAX_AGE = 300


@router.post(
    "/login",
    summary="Sign in",
    responses=problems(
        exceptions.InvalidCredentials,
        exceptions.AccountDisabled,
        exceptions.AccountDeleting,
        exceptions.DeviceOwned,
        CaptchaRequired,
        exceptions.CsrfFailed,
        RateLimited,
        Invalid,
        Busy,
        Unavailable,
    ),
)
async def log_in(
    login: Annotated[VerifiedLoginSecret, Depends(verified_login)],
    signing: CurrentSigningIn,
    conn: Transaction,
) -> signing_in.Outcome:
    """Sign in by email or username and password.

    With a second factor on the account the answer is a ticket for `POST /v1/auth/login/mfa`.
    A device that is known already needs its secret, as `X-Device-Secret`, unless it is theirs.
    While the service is under attack, 403 `captcha_required` asks for a `captcha_token`; a device
    of theirs that sends its secret needs none.
    """
    signing_in.check_transport(signing, login.transport)
    if login.rehash is not None:
        await service.rehash_password(
            conn,
            user_id=login.user_id,
            hash=login.rehash.hash,
            is_short=login.rehash.is_short,
            replaces=login.rehash.replaces,
        )
    return await signing_in.complete(
        conn,
        signing,
        user_id=login.user_id,
        transport=login.transport,
        auth_methods=["pwd"],
        device=login.device,
    )


async def loaded_keys(pools: Pools, authentication: ProcessAuthentication) -> None:
    """The signing keys are read before a transaction begins."""
    await authentication.issuer.keys.ensure(pools)


LoadedKeys = Annotated[None, Depends(loaded_keys)]


async def sent_refresh_token(
    request: Request,
    settings: ProcessSettings,
    _: LoadedKeys,
    body: schemas.Refresh | None = None,
) -> tokens.RefreshClaim:
    """The refresh token of the body, else of the cookie; the latter only from an allowed page."""
    return _refresh_claim(request, settings, body.refresh_token if body else None)


@router.post(
    "/token/refresh",
    summary="Refresh tokens",
    responses=problems(
        exceptions.RefreshInvalid,
        exceptions.RefreshReused,
        exceptions.SessionExpired,
        exceptions.CsrfFailed,
        RateLimited,
        Invalid,
        Unavailable,
    ),
)
async def refresh_tokens(
    request: Request,
    response: Response,
    claim: Annotated[tokens.RefreshClaim, Depends(sent_refresh_token)],
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    conn: Database,
    pools: Pools,
) -> schemas.Refreshed:
    """Trade a refresh token for a new pair. Using one twice ends its session."""
    issued = await sessions.refresh(conn, pools, authentication.issuer, claim)
    sent, csrf_token = signing_in.send(request, response, settings, issued)
    if issued.transport is Transport.COOKIE:
        page = signing_in.page_of(request, settings)
        browsers.reseal(request, response, settings, authentication.issuer.sealer, page)
    return schemas.Refreshed(tokens=sent, csrf_token=csrf_token)


@router.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    responses=private_problems(
        exceptions.InvalidToken, exceptions.RefreshInvalid, exceptions.CsrfFailed, Invalid
    ),
)
async def log_out(
    request: Request,
    response: Response,
    pools: Pools,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    devices: ProcessDevices,
    _: LoadedKeys,
    conn: Transaction,
    body: schemas.Logout | None = None,
) -> None:
    """End this session, the others, or all. A valid refresh token serves as well."""
    body = body or schemas.Logout()
    try:
        user = await _leaving(request, settings, authentication, pools, conn, body)
    except (exceptions.InvalidToken, exceptions.RefreshInvalid):
        if body.refresh_token is not None or not cookies.are_all_there_is(request, settings):
            raise
        # Cookies of a session that has ended already: all that is left is to take them back.
        signing_in.clear(request, response, settings)
        return
    await service.revoke_sessions(
        conn,
        user_id=user.id,
        session_id=user.session_id,
        scope=body.scope,
        reason="logout",
    )
    if body.device_id is not None:
        await devices.sign_out(conn, user_id=user.id, device_id=body.device_id)
    signing_in.clear(request, response, settings)


@router.get("/session", summary="My session", responses=private_problems(exceptions.InvalidToken))
async def get_session(
    user: CurrentUser, conn: Deciding, settings: ProcessSettings
) -> schemas.CurrentSession:
    """Show the session behind the request, and the CSRF token of a session with cookies."""
    session = await service.get_session(conn, session_id=user.session_id)
    is_cookie = session.transport is Transport.COOKIE
    return schemas.CurrentSession(
        session=session,
        user=await users_service.get(conn, user_id=user.id),
        aal=session.aal,
        auth_time=session.authenticated_at,
        csrf_token=cookies.csrf_token(settings, session.id) if is_cookie else None,
    )


@well_known_router.get("/jwks.json", summary="Signing keys", responses=problems(Unavailable))
async def get_jwks(
    response: Response, authentication: ProcessAuthentication, pools: Pools
) -> dict[str, list[dict[str, str]]]:
    """The public keys by which others verify our access tokens (RFC 7517)."""
    await authentication.issuer.keys.ensure(pools)
    response.headers["Cache-Control"] = f"public, max-age={_JWKS_MAX_AGE}"
    return {"keys": authentication.issuer.keys.jwks()}


@dataclass(frozen=True, slots=True)
class _Leaver:
    id: UserId
    session_id: schemas.SessionId


async def _leaving(
    request: Request,
    settings: Settings,
    authentication: Authentication,
    pools: Pools,
    conn: Transaction,
    body: schemas.Logout,
) -> _Leaver:
    """Who signs out: by access token, or by refresh token when that has expired."""
    if body.refresh_token is None and (sent := sent_token(request, settings)) is not None:
        try:
            claims = await claims_of(sent, request, settings, authentication, pools)
        except exceptions.InvalidToken:
            if sent.transport is Transport.BEARER:
                raise
        else:
            principal = await authentication.callers.principal_of(
                pools.deciding.single, claims.session_id
            )
            if principal is None:
                raise exceptions.InvalidToken()
            return _Leaver(principal.id, principal.session_id)
    claim = _refresh_claim(request, settings, body.refresh_token)
    session = await service.lock_session(conn, session_id=claim.session_id, grace_seconds=0)
    key = sessions.unsealed_key(authentication.issuer.sealer, session)
    is_current = claim.counter == session.refresh_counter
    if not (claim.is_genuine(key) and is_current and session.is_alive) or session.is_revoked:
        raise exceptions.RefreshInvalid()
    return _Leaver(session.user_id, session.id)


def _refresh_claim(
    request: Request, settings: Settings, in_body: str | None
) -> tokens.RefreshClaim:
    if in_body is not None:
        return tokens.read_refresh_token(in_body)
    cookie = cookies.refresh_token(request, settings, own_origin=own_origin(request))
    if cookie is None:
        raise exceptions.RefreshInvalid()
    return tokens.read_refresh_token(cookie)
