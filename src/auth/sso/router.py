"""`/v1/auth/sso`: signing in with a provider; and `/v1/users/me/identities`: whom one is linked to.

Three ways lead in, to one end: the browser is sent to the provider and back, a page brings the
provider's code, or an app brings its token.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from src import security
from src.auth import exceptions as auth_exceptions
from src.auth import schemas as auth_schemas
from src.auth import service as auth_service
from src.auth import signing_in
from src.auth.constants import Transport
from src.auth.dependencies import CurrentUser, ProcessAuthentication, RequestCaller
from src.auth.onetime import exceptions as onetime_exceptions
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.sessions import Caller
from src.auth.signing_in import CurrentSigningIn, SigningIn
from src.auth.sso import exceptions, flows, schemas, service
from src.auth.sso.client import Provider
from src.auth.sso.constants import Mode
from src.auth.sso.dependencies import (
    Answer,
    CallbackAddress,
    CountedSignIn,
    ProcessProviders,
    RouteProvider,
    Verified,
    answer_in_form,
    answer_in_query,
    verified_code,
    verified_token,
)
from src.auth.sso.flows import Flow
from src.config import Settings
from src.constants import API_PREFIX
from src.database import Transaction as AnyTransaction
from src.dependencies import Deciding, Pools, ProcessSettings, Transaction
from src.exceptions import CoreError, Invalid, Unavailable
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.limits.exceptions import RateLimited
from src.openapi import Responses, payload_problems, private_problems, problems
from src.routing import Route
from src.schemas import Page

router = APIRouter(prefix="/auth/sso", tags=["auth"], route_class=Route)
my_router = APIRouter(prefix="/users/me/identities", tags=["users"], route_class=Route)

_METHODS = ["sso"]
_UNRESOLVED = (
    auth_exceptions.AccountDisabled,
    auth_exceptions.SignupDisabled,
    auth_exceptions.AccountDeleting,
    exceptions.AccountExists,
    exceptions.EmailMissing,
)
_DOORS = problems(
    *_UNRESOLVED,
    exceptions.TokenInvalid,
    exceptions.ProviderNotFound,
    exceptions.ProviderUnavailable,
    auth_exceptions.CsrfFailed,
    RateLimited,
    Invalid,
    Unavailable,
)
_CREATED: Responses = {
    201: {"description": "As 200, and the account is new.", "model": auth_schemas.SignedIn}
}
_LOGIN_CODE = (
    onetime_exceptions.InvalidOneTimeToken,
    onetime_exceptions.ExpiredToken,
    exceptions.VerifierInvalid,
)


@router.get("/providers", summary="Whom one may sign in with", responses=problems(Unavailable))
async def list_sso_providers(providers: ProcessProviders) -> schemas.ProviderList:
    """List the providers, as for the buttons of a page."""
    return schemas.ProviderList(
        [schemas.Provider(each.id, each.title, each.kind) for each in providers.all()]
    )


@router.get(
    "/{provider}/authorize",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    summary="Go to a provider",
    responses=problems(
        exceptions.RedirectNotAllowed,
        exceptions.ProviderNotFound,
        exceptions.ProviderUnavailable,
        Invalid,
    ),
)
async def begin_sso(
    provider: RouteProvider,
    redirect_uri: CallbackAddress,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    redirect_to: Annotated[
        str,
        Query(max_length=2000, description="Where to be sent back to: one of `SSO__REDIRECTS`."),
    ],
    code_challenge: Annotated[
        str,
        Query(
            pattern=r"^[A-Za-z0-9_-]{43}$",
            description="S256 of a `code_verifier` of yours (RFC 7636), which the exchange needs.",
        ),
    ],
    code_challenge_method: Annotated[str, Query(pattern="^S256$")] = "S256",
    mode: Annotated[
        Mode, Query(description="`link` adds a way to sign in to the account you have.")
    ] = Mode.LOGIN,
) -> Response:
    """Send the browser to the provider. To be opened as a page, not fetched by a script.

    It comes back to `redirect_to` with `login_code`, which lives 60 seconds, or with `error`, a
    problem code. Trade the code at `POST /v1/auth/sso/exchange`, or, with `mode=link`, at
    `POST /v1/users/me/identities`.
    """
    if redirect_to not in settings.sso.redirects:
        raise exceptions.RedirectNotAllowed()
    flow = Flow.begun(
        code_challenge=code_challenge, redirect_to=redirect_to, redirect_uri=redirect_uri, mode=mode
    )
    address = await provider.address(
        redirect_uri=redirect_uri,
        state=flow.state,
        nonce=flow.nonce,
        code_verifier=flow.code_verifier,
    )
    response = RedirectResponse(address, status.HTTP_303_SEE_OTHER)
    flows.keep(response, settings, authentication.issuer.sealer, provider, flow)
    return response


_CALLBACK = problems(exceptions.ProviderNotFound, exceptions.FlowInvalid, Invalid)


@router.get(
    "/{provider}/callback",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    summary="Come back from a provider",
    responses=_CALLBACK,
)
async def finish_sso(
    provider: RouteProvider,
    answer: Annotated[Answer, Depends(answer_in_query)],
    request: Request,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    caller: RequestCaller,
    pools: Pools,
) -> Response:
    """Where the provider sends the browser; it goes on to `redirect_to`.

    OAuth has it that this GET uses something up. No session is opened by it.
    """
    return await _finish(provider, answer, request, settings, authentication, caller, pools)


@router.post(
    "/{provider}/callback",
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    summary="Come back from a provider by a form",
    responses=_CALLBACK,
)
async def finish_sso_by_form(
    provider: RouteProvider,
    answer: Annotated[Answer, Depends(answer_in_form)],
    request: Request,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    caller: RequestCaller,
    pools: Pools,
) -> Response:
    """As the same with GET, for a provider whose `response_mode` is `form_post`."""
    return await _finish(provider, answer, request, settings, authentication, caller, pools)


async def _finish(
    provider: Provider,
    answer: Answer,
    request: Request,
    settings: Settings,
    authentication: ProcessAuthentication,
    caller: Caller,
    pools: Pools,
) -> Response:
    """Send the browser on, with a login code or with what went wrong."""
    flow = flows.read(request, settings, authentication.issuer.sealer, provider)
    try:
        # The provider is asked, once a flow. Signing in itself is counted where it ends.
        await limits_service.demand(pools, Rule.LOGIN_IP_HOUR, caller.ip)
        login_code = await _login_code(provider, answer, flow, settings, pools)
    except (exceptions.StateInvalid, RateLimited) as exc:
        # Somebody else's answer does not end this flow, nor does one that was not looked at.
        return _back(flow, error=exc.code)
    except CoreError as exc:
        response = _back(flow, error=exc.code)
    else:
        response = _back(flow, login_code=login_code)
    flows.forget(response, settings, provider)
    return response


async def _login_code(
    provider: Provider, answer: Answer, flow: Flow, settings: Settings, pools: Pools
) -> str:
    """What the answer is worth. Raises CoreError. Nothing is held while the provider is asked."""
    if not security.is_equal(answer.state.encode(), flow.state.encode()):
        raise exceptions.StateInvalid()
    if flow.is_expired:
        raise exceptions.FlowExpired()
    if not await service.spend(pools.write.single, provider=provider.id, nonce=flow.nonce):
        raise exceptions.FlowUsed()
    await provider.check_answered(answer.issuer)
    if answer.error is not None or not answer.code:
        raise exceptions.Denied()
    asserted = await provider.by_code(
        code=answer.code,
        code_verifier=flow.code_verifier,
        redirect_uri=flow.redirect_uri,
        nonce=flow.nonce,
    )
    pending = schemas.Pending(flow.mode, flow.code_challenge, asserted)
    issued = await onetime_service.issue(
        pools.write.single,
        settings.secret_key,
        purpose=Purpose.SSO_LOGIN,
        target=flow.nonce,
        user_id=None,
        detail=pending.detail(),
    )
    return issued.token


def _back(flow: Flow, **said: str) -> Response:
    joint = "&" if "?" in flow.redirect_to else "?"
    address = f"{flow.redirect_to}{joint}{urlencode(said)}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


@router.post(
    "/exchange",
    summary="Trade a login code",
    responses=problems(
        *_LOGIN_CODE,
        *_UNRESOLVED,
        auth_exceptions.CsrfFailed,
        RateLimited,
        Invalid,
        Unavailable,
    )
    | _CREATED,
)
async def exchange_sso(
    sent: schemas.Exchange, _: CountedSignIn, signing: CurrentSigningIn, conn: Transaction
) -> signing_in.Outcome:
    """Sign in with the code that the browser was sent back with."""
    signing_in.check_transport(signing, sent.token_transport)
    asserted = await _traded(conn, sent.login_code, sent.code_verifier, Mode.LOGIN)
    return await _sign_in(conn, signing, asserted, sent.token_transport)


@router.post(
    "/{provider}/code",
    summary="Sign in with a provider's code",
    responses=_DOORS | problems(exceptions.RedirectNotAllowed) | _CREATED,
)
async def sign_in_by_sso_code(
    sent: schemas.CodeLogin,
    verified: Annotated[Verified, Depends(verified_code)],
    signing: CurrentSigningIn,
    conn: Transaction,
) -> signing_in.Outcome:
    """For pages that have sent the browser to the provider themselves.

    `redirect_uri` is the one they gave to it, and one of `SSO__REDIRECTS`.
    """
    return await _enter(conn, signing, verified, sent.token_transport)


@router.post(
    "/{provider}/token", summary="Sign in with a provider's token", responses=_DOORS | _CREATED
)
async def sign_in_by_sso_token(
    sent: schemas.TokenLogin,
    verified: Annotated[Verified, Depends(verified_token)],
    signing: CurrentSigningIn,
    conn: Transaction,
) -> signing_in.Outcome:
    """For native apps. An ID token serves once, within ten minutes of being made."""
    return await _enter(conn, signing, verified, sent.token_transport)


@my_router.get(
    "", summary="My identities", responses=private_problems(auth_exceptions.InvalidToken)
)
async def list_identities(user: CurrentUser, conn: Deciding) -> Page[schemas.Identity]:
    """List the accounts at providers that sign in to the caller's account."""
    items = await service.list_for_user(conn, user_id=user.id)
    return Page(items=items, next_cursor=None)


@my_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Link an identity",
    responses=payload_problems(
        auth_exceptions.InvalidToken,
        auth_exceptions.FreshLoginRequired,
        *_LOGIN_CODE,
        exceptions.IdentityTaken,
        exceptions.IdentityLimit,
    ),
)
async def link_identity(
    sent: schemas.Link,
    user: CurrentUser,
    conn: Transaction,
    authentication: ProcessAuthentication,
) -> schemas.Identity:
    """Let the identity of a flow with `mode=link` sign in to the caller's account."""
    asserted = await _traded(conn, sent.login_code, sent.code_verifier, Mode.LINK)
    return await service.link(
        conn, authentication.issuer.sealer, user_id=user.id, asserted=asserted
    )


@my_router.delete(
    "/{identity_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Unlink an identity",
    responses=private_problems(
        auth_exceptions.InvalidToken,
        auth_exceptions.FreshLoginRequired,
        exceptions.IdentityNotFound,
        auth_exceptions.LastLoginMethod,
        Invalid,
    ),
)
async def unlink_identity(
    identity_id: schemas.IdentityId,
    user: CurrentUser,
    conn: Transaction,
    authentication: ProcessAuthentication,
) -> None:
    """Let it no longer sign in; the other sessions end. The last way to sign in stays."""
    await service.unlink(
        conn, authentication.issuer.sealer, user_id=user.id, identity_id=identity_id
    )
    await auth_service.revoke_other_sessions(conn, caller=user, reason="identity_unlinked")


async def _traded(
    conn: AnyTransaction, login_code: str, code_verifier: str, mode: Mode
) -> schemas.Asserted:
    """What a login code stands for; it is spent by this."""
    spent = await onetime_service.spend(conn, purpose=Purpose.SSO_LOGIN, token=login_code)
    pending = schemas.Pending.of(spent.detail)
    challenge = flows.challenge_of(code_verifier)
    is_right = security.is_equal(challenge.encode(), pending.code_challenge.encode())
    if not is_right or pending.mode is not mode:
        raise exceptions.VerifierInvalid()
    return pending.asserted


async def _enter(
    conn: AnyTransaction, signing: SigningIn, verified: Verified, transport: Transport
) -> signing_in.Outcome:
    """The end of the doors that take what the provider gave. A nonce signs in once."""
    asserted, nonce = verified.asserted, verified.nonce
    if nonce is not None and not await service.spend(conn, provider=asserted.provider, nonce=nonce):
        raise exceptions.TokenInvalid()
    return await _sign_in(conn, signing, asserted, transport)


async def _sign_in(
    conn: AnyTransaction, signing: SigningIn, asserted: schemas.Asserted, transport: Transport
) -> signing_in.Outcome:
    resolved = await service.resolve(
        conn,
        signing.authentication.issuer.sealer,
        asserted,
        takes_new=signing.settings.signup != "disabled",
    )
    if resolved.is_new:
        signing.response.status_code = status.HTTP_201_CREATED
        signing.response.headers["Location"] = f"{API_PREFIX}/users/me"
    return await signing_in.complete(
        conn, signing, user_id=resolved.user_id, transport=transport, auth_methods=_METHODS
    )
