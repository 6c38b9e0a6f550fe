"""The end of every way to sign in: a session is opened, and its tokens are sent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request, Response

from src.auth import browsers, cookies, schemas, sessions
from src.auth.binding import Devices, DeviceSecret, ProcessDevices
from src.auth.constants import SECOND_FACTORS, Transport
from src.auth.dependencies import (
    Authentication,
    ProcessAuthentication,
    RequestCaller,
    own_origin,
)
from src.auth.mfa import service as mfa_service
from src.config import Settings
from src.database import Transaction
from src.dependencies import Pools, ProcessSettings
from src.users import service as users_service
from src.users.schemas import UserId


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What it takes of the request to sign its caller in."""

    request: Request
    response: Response
    settings: Settings
    authentication: Authentication
    caller: sessions.Caller
    devices: Devices
    device_secret: str | None


async def signing_in(
    request: Request,
    response: Response,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    caller: RequestCaller,
    devices: ProcessDevices,
    device_secret: DeviceSecret,
    pools: Pools,
) -> SigningIn:
    """The signing keys are read before a transaction begins."""
    await authentication.issuer.keys.ensure(pools)
    return SigningIn(request, response, settings, authentication, caller, devices, device_secret)


Outcome = schemas.SignedIn | schemas.MfaRequired
"""What every way to sign in answers: tokens, or a ticket for the second step."""

CurrentSigningIn = Annotated[SigningIn, Depends(signing_in)]


def page_of(request: Request, settings: Settings) -> cookies.AllowedPage:
    """The page that a request with cookies comes from. Raises CsrfFailed for another site's."""
    return cookies.check_origin(settings, request.headers, own_origin=own_origin(request))


def check_transport(signing: SigningIn, transport: Transport) -> None:
    """Another site may not sign its visitors in to an account of its own. Raises CsrfFailed."""
    if transport is Transport.COOKIE:
        page_of(signing.request, signing.settings)


async def complete(
    conn: Transaction,
    signing: SigningIn,
    *,
    user_id: UserId,
    transport: Transport,
    auth_methods: list[str],
    device: schemas.SentDevice | None = None,
) -> Outcome:
    """Open a session for somebody who has just proved who they are, and send its tokens.

    Who has a second factor and has not shown one gets a ticket instead, for the second step.
    `auth_methods` are names of RFC 8176, such as `pwd`. `check_transport` comes first: before
    anything is spent. A `device` is theirs from then on; raises what refuses it.
    """
    if SECOND_FACTORS.isdisjoint(auth_methods):
        methods = await mfa_service.list_methods(conn, user_id=user_id)
        if methods:
            signing.response.headers["Cache-Control"] = "no-store"
            challenge = await mfa_service.issue_ticket(
                conn,
                signing.settings.secret_key,
                user_id=user_id,
                methods=methods,
                transport=transport,
                auth_methods=auth_methods,
                device=device,
            )
            return schemas.MfaRequired(mfa=challenge)
    return await open_session(
        conn,
        signing,
        user_id=user_id,
        transport=transport,
        auth_methods=auth_methods,
        device=device,
    )


async def open_session(
    conn: Transaction,
    signing: SigningIn,
    *,
    user_id: UserId,
    transport: Transport,
    auth_methods: list[str],
    device: schemas.SentDevice | None = None,
) -> schemas.SignedIn:
    """Open a session for somebody who has shown all factors that their account has."""
    user = await users_service.get(conn, user_id=user_id)
    if device is not None:
        await signing.devices.sign_in(
            conn, user_id=user_id, device=device, secret=signing.device_secret
        )
    now = datetime.now(UTC)
    issued = await sessions.start(
        conn,
        signing.authentication.issuer,
        user_id=user_id,
        transport=transport,
        caller=signing.caller,
        auth_methods=auth_methods,
        now=now,
        device_id=device.id if device else None,
    )
    tokens, csrf_token = send(signing.request, signing.response, signing.settings, issued)
    if transport is Transport.COOKIE:
        browsers.remember(
            signing.request,
            signing.response,
            signing.settings,
            signing.authentication.issuer.sealer,
            page_of(signing.request, signing.settings),
            user_id=user_id,
            now=now,
        )
    return schemas.SignedIn(user=user, tokens=tokens, csrf_token=csrf_token)


def send(
    request: Request, response: Response, settings: Settings, issued: sessions.IssuedSecret
) -> tuple[schemas.Tokens | None, str | None]:
    """The tokens go into the body or into cookies, never into both."""
    response.headers["Cache-Control"] = "no-store"
    if issued.transport is Transport.COOKIE:
        cookies.set_tokens(response, settings, issued, page_of(request, settings))
        return None, cookies.csrf_token(settings, issued.session_id)
    return (
        schemas.Tokens(
            access_token=issued.access.text,
            token_type="Bearer",  # noqa: S106
            expires_in=issued.access.expires_in,
            refresh_token=issued.refresh_token,
            refresh_expires_at=issued.refresh_expires_at,
        ),
        None,
    )


def clear(request: Request, response: Response, settings: Settings) -> None:
    """Take our cookies back, where the caller has brought some in place of a header."""
    if cookies.are_all_there_is(request, settings):
        cookies.clear_tokens(response, settings, page_of(request, settings))
