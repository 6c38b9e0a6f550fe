"""Who is calling, and what signing in takes before a transaction begins."""

import ipaddress
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from src import acting, logs
from src.auth import browsers, cookies, exceptions, passwords, schemas, service, tokens
from src.auth.api_keys import spelling
from src.auth.api_keys.constants import KEY_PREFIX
from src.auth.api_keys.exceptions import ApiKeyNotAccepted, InsufficientScope
from src.auth.api_keys.spelling import SentKey
from src.auth.api_keys.uses import Uses
from src.auth.binding import DeviceSecret, ProcessDevices
from src.auth.callers import Callers
from src.auth.captcha import service as captcha_service
from src.auth.captcha.client import Captcha
from src.auth.constants import PASSWORD_MIN, USER_AGENT_MAX, Transport
from src.auth.links import Links
from src.auth.lockout import service as lockout_service
from src.auth.lockout.service import Place
from src.auth.password.client import BreachedPasswords
from src.auth.sessions import Caller, Issuer
from src.config import CaptchaSettings, Settings
from src.constants import SAFE_METHODS
from src.database import Connection
from src.dependencies import (
    Deciding,
    Pools,
    ProcessSettings,
    current_pools,
    current_settings,
)
from src.exceptions import Invalid, PermissionDenied, Unauthenticated
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.permissions import enforces
from src.routing import at_once, first_headers, permission_of
from src.users import service as users_service
from src.users.schemas import UserId

AnyPrincipal = TypeVar("AnyPrincipal", bound=schemas.Principal)

log = logs.get_logger("core_api.auth")


@dataclass(frozen=True, slots=True)
class Authentication:
    """What signing in needs of the process; the application makes one and keeps it."""

    hasher: passwords.Hasher
    issuer: Issuer
    verifier: tokens.TokenVerifier
    callers: Callers = field(default_factory=Callers)
    key_uses: Uses = field(default_factory=Uses)
    breached: BreachedPasswords = field(default_factory=lambda: BreachedPasswords(None))
    captcha: Captcha = field(default_factory=lambda: Captcha(CaptchaSettings()))

    async def demand_good(
        self,
        password: str,
        *,
        context: Iterable[str],
        pointer: str = "/password",
        minimum: int = PASSWORD_MIN,
    ) -> None:
        """Raise Invalid unless a new password may be taken.

        `context` is what anyone can guess, `pointer` where the password stands in the payload;
        `minimum` is less beside a second factor.
        """
        errors = passwords.mistakes(password, context=context, pointer=pointer, minimum=minimum)
        if not errors and await self.breached.has(password):
            errors = [passwords.breached(pointer)]
        if errors:
            raise Invalid(errors=errors)

    async def hash_new(
        self,
        password: str,
        *,
        context: Iterable[str],
        pointer: str = "/password",
        minimum: int = PASSWORD_MIN,
    ) -> str:
        """The hash of a password that may be taken. Computed outside transactions.

        Raises Invalid and Busy.
        """
        await self.demand_good(password, context=context, pointer=pointer, minimum=minimum)
        return await self.hasher.hash(password)


def current_authentication(request: Request) -> Authentication:
    authentication: Authentication = request.scope["app"].state.authentication
    return authentication


request_authentication = at_once(current_authentication)
ProcessAuthentication = Annotated[Authentication, Depends(request_authentication)]


@dataclass(frozen=True, slots=True)
class SentToken:
    text: str
    transport: Transport

    @property
    def is_key(self) -> bool:
        """Whether it is an API key, right or wrong. In a cookie there is none."""
        return self.text.startswith(KEY_PREFIX) and self.transport is Transport.BEARER


def sent_token(request: Request, settings: ProcessSettings) -> SentToken | None:
    """The access token that came along: the header's, else the cookie's."""
    header = first_headers(request.scope).get(b"authorization")
    if header is not None:
        scheme, _, text = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise exceptions.InvalidToken()
        return SentToken(text.strip(), Transport.BEARER)
    cookie = cookies.access_token(request, settings, own_origin=own_origin(request))
    return SentToken(cookie, Transport.COOKIE) if cookie else None


async def claims_of(
    sent: SentToken,
    request: Request,
    settings: ProcessSettings,
    authentication: Authentication,
    pools: Pools,
) -> tokens.Claims:
    """What the token says. One of a cookie changes things only with the session's CSRF token.

    Raises ApiKeyNotAccepted for a key, whatever it is worth.
    """
    if sent.is_key:
        raise ApiKeyNotAccepted()
    verifier = authentication.verifier
    claims = verifier.known(sent.text) or await verifier.verify(sent.text, pools)
    if sent.transport is Transport.COOKIE and request.method not in SAFE_METHODS:
        cookies.check_csrf(settings, request.headers, session_id=claims.session_id)
    return claims


async def verified_claims(
    request: Request,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    pools: Pools,
) -> tokens.Claims | SentKey:
    """What the access token says, or which key. A bad one is refused before it costs anything."""
    sent = sent_token(request, settings)
    if sent is None:
        raise Unauthenticated()
    if sent.is_key:
        return spelling.read(sent.text)
    return await claims_of(sent, request, settings, authentication, pools)


VerifiedClaims = Annotated[tokens.Claims | SentKey, Depends(verified_claims)]


@enforces()
async def current_user(
    request: Request,
    claims: VerifiedClaims,
    authentication: ProcessAuthentication,
    conn: Deciding,
) -> schemas.Principal:
    """The caller, if the session still stands: ending one is seen by the very next request.

    Raises EmailNotVerified where a verified email is required, unless the route is for others too,
    and FreshLoginRequired where the route demands a sign-in of the last quarter of an hour. Of a
    key: ApiKeyNotAccepted, and InsufficientScope.
    """
    if isinstance(claims, SentKey):
        return await principal_by_key(request, claims, authentication, conn)
    principal = await authentication.callers.principal_of(conn, claims.session_id)
    return admitted(request, claims, principal)


@enforces()
async def current_profile(
    request: Request,
    claims: VerifiedClaims,
    authentication: ProcessAuthentication,
    conn: Deciding,
) -> schemas.Profile:
    """As `current_user`, with the caller's account, for a session by the same statement."""
    if isinstance(claims, SentKey):
        user = await principal_by_key(request, claims, authentication, conn)
        account = await users_service.show(conn, user_id=user.id)
        return schemas.Profile(**asdict(user), account=account)
    profile = await authentication.callers.profile_of(conn, claims.session_id)
    return admitted(request, claims, profile)


def admitted(request: Request, claims: tokens.Claims, found: AnyPrincipal | None) -> AnyPrincipal:
    """The caller, if the session still stands and the route is for them."""
    if found is None or found.id.int != claims.user_id.int:
        raise exceptions.InvalidToken()
    permission = permission_of(request)
    is_admitted = found.is_verified or permission.unverified
    if not is_admitted and current_settings(request).verified_email_is_required:
        raise exceptions.EmailNotVerified()
    if permission.fresh and not found.is_fresh:
        raise exceptions.FreshLoginRequired()
    # Who shows the password again gets a new token; one stolen before stays what it was.
    if permission.fresh and not claims.is_fresh:
        raise exceptions.FreshLoginRequired()
    return found


async def principal_by_key(
    request: Request, sent: SentKey, authentication: Authentication, conn: Connection
) -> schemas.Principal:
    """Whose key came along, if it still stands and the route is for it.

    Raises InvalidToken, ApiKeyNotAccepted, InsufficientScope and EmailNotVerified.
    """
    holder = await authentication.callers.holder_of(conn, sent.hash)
    if holder is None:
        raise exceptions.InvalidToken()
    if holder.is_use_due:
        authentication.key_uses.note(holder.key_id)
    permission = permission_of(request)
    if permission.scope is None:
        raise ApiKeyNotAccepted()
    if permission.scope not in holder.scopes:
        raise InsufficientScope.lacking(permission.scope)
    is_admitted = holder.is_verified or permission.unverified
    if not is_admitted and current_settings(request).verified_email_is_required:
        raise exceptions.EmailNotVerified()
    acting.api_key.set(holder.key_id)
    return holder.principal()


async def identified(request: Request) -> str | None:
    """Who calls, for what is kept by caller before a route is asked. None if a route would refuse.

    A key is a caller of its own: what its owner was answered may be more than its scopes show.
    Raises Unavailable.
    """
    settings, pools = current_settings(request), current_pools(request)
    authentication = current_authentication(request)
    try:
        sent = sent_token(request, settings)
        if sent is None:
            return None
        conn = pools.deciding.single
        if sent.is_key:
            holder = await authentication.callers.holder_of(conn, spelling.read(sent.text).hash)
            return None if holder is None else f"key {holder.key_id}"
        claims = await claims_of(sent, request, settings, authentication, pools)
    except (Unauthenticated, PermissionDenied):
        return None
    principal = await authentication.callers.principal_of(conn, claims.session_id)
    if principal is None or principal.id != claims.user_id:
        return None
    return str(principal.id)


CALLER_PROBLEMS = (exceptions.InvalidToken,)
"""What a route that asks for `CurrentUser` may answer, beside asking for a token at all."""

CurrentUser = Annotated[schemas.Principal, Depends(current_user)]
CurrentProfile = Annotated[schemas.Profile, Depends(current_profile)]


async def request_caller(request: Request) -> Caller:
    ip = request.client.host if request.client else ""
    return Caller(
        ip_prefix=_ip_prefix(ip),
        user_agent=request.headers.get("user-agent", "")[:USER_AGENT_MAX],
        ip=ip,
    )


RequestCaller = Annotated[Caller, Depends(request_caller)]


@dataclass(frozen=True, slots=True)
class NewPasswordSecret:
    hash: str


@dataclass(frozen=True, slots=True)
class RehashSecret:
    """The hash that a password is to have from now on, and the one that it has had."""

    hash: str
    is_short: bool
    replaces: str


@dataclass(frozen=True, slots=True)
class VerifiedLoginSecret:
    """Somebody who has proved to know the password of an account."""

    user_id: UserId
    transport: Transport
    rehash: RehashSecret | None
    device: schemas.SentDevice | None


async def demand_sign_in(pools: Pools, caller: Caller) -> None:
    """Count an attempt to sign in, by address, right or wrong. Raises RateLimited."""
    await limits_service.demand(pools, Rule.LOGIN_IP, caller.ip)
    await limits_service.demand(pools, Rule.LOGIN_IP_HOUR, caller.ip)


async def verified_login(
    request: Request,
    login: schemas.Login,
    caller: RequestCaller,
    authentication: ProcessAuthentication,
    devices: ProcessDevices,
    device_secret: DeviceSecret,
    settings: ProcessSettings,
    pools: Pools,
) -> VerifiedLoginSecret:
    """Unknown, wrong, too soon after wrong ones: one answer, one duration, no connection held."""
    await demand_sign_in(pools, caller)
    credentials = await service.find_credentials(pools.deciding.single, identifier=login.identifier)
    user_id = credentials.user_id if credentials else None
    place = None
    if login.device is not None and device_secret is not None:
        is_proved = await devices.is_proved(
            pools.deciding.single,
            user_id=user_id,
            device_id=login.device.id,
            secret=device_secret,
        )
        place = Place("device", login.device.id) if is_proved else None
    if await captcha_service.is_attacked(pools) and place is None:
        token = login.captcha_token
        await captcha_service.demand(authentication.captcha, token=token, ip=caller.ip)
    place = place or _browser_of(request, settings, authentication, user_id)
    hasher = authentication.hasher
    is_right = await lockout_service.is_right(
        pools,
        hasher,
        user_id=user_id,
        identifier=login.identifier,
        hashed=credentials.hash if credentials else None,
        password=login.password,
        place=place,
    )
    captcha_service.count(pools, is_right=is_right)
    if credentials is None or not is_right:
        raise exceptions.InvalidCredentials()
    if not credentials.is_active:
        raise exceptions.shut(is_deleting=credentials.is_deleting)
    await authentication.issuer.keys.ensure(pools)
    rehash = None
    if hasher.needs_rehash(credentials.hash):
        rehash = RehashSecret(
            hash=await hasher.hash(login.password),
            is_short=passwords.is_short(login.password),
            replaces=credentials.hash,
        )
    return VerifiedLoginSecret(
        user_id=credentials.user_id,
        transport=login.token_transport,
        rehash=rehash,
        device=login.device,
    )


def _browser_of(
    request: Request,
    settings: Settings,
    authentication: Authentication,
    user_id: UserId | None,
) -> Place | None:
    """The browser that a password comes from, if the user has signed in with it before."""
    browser = browsers.read(
        request, settings, authentication.issuer.sealer, own_origin=own_origin(request)
    )
    if browser is None or user_id is None or not browser.knows(user_id, now=datetime.now(UTC)):
        return None
    return Place("browser", browser.id)


async def current_links(request: Request, settings: ProcessSettings) -> Links:
    """What mailed links are made by: they begin with `PUBLIC_URL`, else where the request went."""
    return Links(settings.public_url or own_origin(request), settings.pages)


CurrentLinks = Annotated[Links, Depends(current_links)]


async def may_write_to(
    address: str, *, user_id: UserId | None, caller: Caller, settings: Settings, pools: Pools
) -> bool:
    """Whether a mail may be left for an address. If not, the answer is as if one had been.

    Outside `local` and `test` it takes PUBLIC_URL: the name in a request is whatever its sender
    likes, and a mail to somebody else must not lead there.
    """
    if not settings.links_are_ours:
        log.error("no mail is sent while PUBLIC_URL is not set")
        return False
    return settings.mail_arrives and await limits_service.may_send_mail(
        pools, address=address, user_id=user_id, ip=caller.ip
    )


def own_origin(request: Request) -> str:
    """Where the page itself would come from. Not by `request.url`: a Host may be no host at all."""
    return f"{request.scope['scheme']}://{request.headers.get('host', '')}"


def _ip_prefix(address: str) -> str:
    """Enough of an address to recognise a place, not a person: /24, or /48 in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
