"""What a provider says is asked for before a transaction begins."""

from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import parse_qsl

from fastapi import Depends, Path, Query, Request

from src.auth import signing_in
from src.auth.dependencies import RequestCaller, demand_sign_in, own_origin
from src.auth.signing_in import CurrentSigningIn
from src.auth.sso import exceptions, schemas
from src.auth.sso.client import Provider, Providers
from src.constants import API_PREFIX
from src.dependencies import Pools, ProcessSettings

ANSWER_MAX = 4096
"""Characters of one parameter of a provider's answer."""


async def request_providers(request: Request) -> Providers:
    return cast("Providers", request.app.state.sso)


ProcessProviders = Annotated[Providers, Depends(request_providers)]


async def provider_of_route(
    provider: Annotated[
        str, Path(description="The provider's name in the settings.", examples=["google"])
    ],
    providers: ProcessProviders,
) -> Provider:
    return providers.get(provider)


RouteProvider = Annotated[Provider, Depends(provider_of_route)]


async def callback_address(
    request: Request, settings: ProcessSettings, provider: RouteProvider
) -> str:
    """Where the provider sends the browser back to; it has to know the address beforehand."""
    base = settings.public_url or own_origin(request)
    return f"{base}{API_PREFIX}/auth/sso/{provider.id}/callback"


CallbackAddress = Annotated[str, Depends(callback_address)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider has sent along with the browser."""

    state: str
    code: str | None = None
    issuer: str | None = None
    error: str | None = None


Sent = Annotated[str | None, Query(max_length=ANSWER_MAX)]


async def answer_in_query(
    state: Sent = None, code: Sent = None, iss: Sent = None, error: Sent = None
) -> Answer:
    return Answer(state or "", code, iss, error)


async def answer_in_form(request: Request) -> Answer:
    """As `answer_in_query`, from the body of a form."""
    text = (await request.body()).decode("latin-1")
    try:
        sent = dict(parse_qsl(text, max_num_fields=20))
    except ValueError:
        return Answer("")
    if any(len(value) > ANSWER_MAX for value in sent.values()):
        return Answer("")
    return Answer(sent.get("state", ""), sent.get("code"), sent.get("iss"), sent.get("error"))


async def counted_sign_in(caller: RequestCaller, pools: Pools) -> None:
    """Raises RateLimited for who comes too often: providers are asked, and transactions begin."""
    await demand_sign_in(pools, caller)


CountedSignIn = Annotated[None, Depends(counted_sign_in)]


@dataclass(frozen=True, slots=True)
class Verified:
    """Somebody whom a provider has told us of, and by what it was seen to be new."""

    asserted: schemas.Asserted
    nonce: str | None


async def verified_code(
    sent: schemas.CodeLogin,
    _: CountedSignIn,
    provider: RouteProvider,
    signing: CurrentSigningIn,
    settings: ProcessSettings,
) -> Verified:
    signing_in.check_transport(signing, sent.token_transport)
    if sent.redirect_uri not in settings.sso.redirects:
        raise exceptions.RedirectNotAllowed()
    asserted = await provider.by_code(
        code=sent.code,
        code_verifier=sent.code_verifier,
        redirect_uri=sent.redirect_uri,
        nonce=sent.nonce,
    )
    return Verified(asserted, sent.nonce)


async def verified_token(
    sent: schemas.TokenLogin,
    _: CountedSignIn,
    provider: RouteProvider,
    signing: CurrentSigningIn,
) -> Verified:
    signing_in.check_transport(signing, sent.token_transport)
    return Verified(await provider.by_token(sent), sent.nonce)
