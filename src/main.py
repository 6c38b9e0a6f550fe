"""The application: what it is made of, and what it keeps while it runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from src import docs, logs, migrations, openapi, passkey_page, problems, tracing
from src.answers.forms import FormCache
from src.answers.router import router as answers_router
from src.applets.router import router as applets_router
from src.applets.router import team_router as team_applets_router
from src.auth import keys, passwords, sessions, tokens
from src.auth.api_keys.exceptions import ApiKeyNotAccepted, InsufficientScope
from src.auth.api_keys.router import router as api_keys_router
from src.auth.captcha.client import Captcha
from src.auth.constants import HASH_SECONDS_MAX, HASH_SECONDS_MIN
from src.auth.dependencies import Authentication, identified
from src.auth.email_change.router import my_router as my_email_router
from src.auth.email_change.router import router as email_undo_router
from src.auth.exceptions import CsrfFailed, EmailNotVerified
from src.auth.mail_login.router import router as mail_login_router
from src.auth.mfa.router import login_router as mfa_login_router
from src.auth.mfa.router import router as mfa_router
from src.auth.passkeys.router import login_router as passkeys_login_router
from src.auth.passkeys.router import router as passkeys_router
from src.auth.password.client import BreachedPasswords
from src.auth.password.router import my_router as my_password_router
from src.auth.password.router import router as password_router
from src.auth.phone.router import router as phone_router
from src.auth.router import router as auth_router
from src.auth.router import well_known_router
from src.auth.signed_in.router import router as signed_in_router
from src.auth.signup.router import router as signup_router
from src.auth.sso.client import Providers
from src.auth.sso.router import my_router as my_identities_router
from src.auth.sso.router import router as sso_router
from src.auth.verification.router import router as verification_router
from src.config import Settings
from src.constants import API_PREFIX, VERSION
from src.database import Pools, open_pools
from src.devices.router import my_notifications_router
from src.devices.router import my_router as my_devices_router
from src.devices.router import router as devices_router
from src.devices.service import SignedInDevices
from src.exports.router import router as exports_router
from src.forwarded import Forwarded
from src.idempotency.exceptions import REFUSALS
from src.idempotency.middleware import Idempotency
from src.invitations.router import my_router as my_invitations_router
from src.invitations.router import router as invitations_router
from src.invitations.router import team_router as team_invitations_router
from src.invitations.service import InvitedSignups
from src.limiter import Limiter
from src.limits.middleware import GeneralLimit, quotas
from src.management.router import router as management_router
from src.metrics import Metrics
from src.middleware import (
    BodyLimit,
    LastResort,
    RequestContext,
    exposed_headers,
    templates,
)
from src.monitoring.router import ping_router
from src.monitoring.router import router as monitoring_router
from src.notifications.router import local_router
from src.privacy.router import my_router as my_privacy_router
from src.privacy.router import undo_router as deletion_undo_router
from src.routing import Addresses, CompiledRoutes, check_routes
from src.security import Sealer
from src.service_accounts.router import router as service_accounts_router
from src.statistics.router import router as statistics_router
from src.streaming import Downloads
from src.teams.router import people_router
from src.teams.router import router as teams_router
from src.users.router import router as users_router

log = logs.get_logger("core_api")

_WORK_AGAIN_SECONDS = 2.0

DESCRIPTION = """\
The backend that a team collecting data from people runs by itself.

**Signing in.** `POST /v1/auth/signup` or `/v1/auth/login` answers with an access token; send it as
`Authorization: Bearer ...`. Browsers may ask for cookies instead (`token_transport: "cookie"`).
Programs send an API key as they would a token (`POST /v1/users/me/api-keys`): each operation that
takes one names the scope that it must have been made for.

**Repeating.** A POST may carry an `Idempotency-Key`: for a day, the same request under the same key
is not done again but answered as it was (`Idempotency-Replayed: true`).

**Limits.** Whoever comes too often is answered 429 with `Retry-After`. Answers of operations with a
limit say how the caller stands: `RateLimit-Policy` has its quota (`q`) and window in seconds (`w`),
`RateLimit` what is left of it (`r`) and the seconds until it is whole again, or in a refusal until
the next request (`t`).

**Failures** are RFC 9457 problems with a stable `code`; a 422 lists every mistake with a pointer.

**Lists** come in pages: pass `next_cursor` as `cursor` to get the next one.
"""


Work = Callable[[Settings, Pools], Awaitable[None]]


def create_app(
    settings: Settings,
    *,
    pools: Pools | None = None,
    work: Work | None = None,
    started: Callable[[], None] | None = None,
    compiled: bool = True,
    like: FastAPI | None = None,
) -> FastAPI:
    """Build the application.

    It opens pools of its own for its lifetime unless `pools` is given; `work` runs beside it, and
    `started` is called when all is set up. Without `compiled`, FastAPI itself serves every route.
    The operations of `like`, an application of the same environment, are taken over as FastAPI has
    worked them out, which takes longer than all else.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        with tracing.instrumented(lambda: templates(app), settings):
            if pools is not None:
                yield {}
            else:
                async with open_pools(settings.database) as opened:
                    _keep(app, settings, opened)
                    authentication: Authentication = app.state.authentication
                    await check_hashing(authentication.hasher)
                    uses_written = authentication.key_uses.written_down(opened.write.single)
                    async with uses_written, _working(work, settings, opened):
                        if started is not None:
                            started()
                        yield {}
        app.state.authentication.hasher.close()

    app = openapi.DescribedApp(
        title="Core API",
        version=VERSION,
        summary="Accounts, teams, questionnaires and answers.",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        around=_around(settings, metrics := Metrics(), compiled=compiled),
        cookie_refusals=[CsrfFailed],
        key_refusals=REFUSALS,
        unverified_refusals=[EmailNotVerified],
        scope_refusals=[InsufficientScope],
        session_refusals=[ApiKeyNotAccepted],
        middleware=[
            Middleware(LastResort),
            Middleware(BodyLimit, max_body_size=settings.limits.body_bytes),
            Middleware(Addresses),
        ],
    )
    app.state.metrics = metrics
    if pools is not None:
        _keep(app, settings, pools)
    problems.install(app)
    docs.install(app)
    passkey_page.install(app, settings)
    if like is not None:
        app.router.routes.extend(like.state.operations)
        app.state.operations = like.state.operations
        return app
    others = len(app.router.routes)
    _include(app, settings)
    check_routes(app)
    app.state.operations = app.router.routes[others:]
    return app


def _include(app: FastAPI, settings: Settings) -> None:
    """Every operation that the document has."""
    for router in (monitoring_router, well_known_router):
        app.include_router(router)
    v1 = APIRouter()
    for router in (
        ping_router,
        auth_router,
        password_router,
        my_password_router,
        mfa_login_router,
        mfa_router,
        passkeys_login_router,
        passkeys_router,
        signup_router,
        verification_router,
        email_undo_router,
        my_email_router,
        mail_login_router,
        sso_router,
        my_identities_router,
        users_router,
        api_keys_router,
        phone_router,
        my_devices_router,
        my_notifications_router,
        devices_router,
        signed_in_router,
        people_router,
        teams_router,
        service_accounts_router,
        team_invitations_router,
        my_invitations_router,
        invitations_router,
        team_applets_router,
        applets_router,
        answers_router,
        exports_router,
        statistics_router,
        my_privacy_router,
        deletion_undo_router,
        management_router,
    ):
        v1.include_router(router)
    if settings.environment.is_relaxed:
        v1.include_router(local_router)
    # FastAPI works out every route at once where no prefix is given here, and again when it serves.
    app.include_router(v1, prefix=API_PREFIX)


@asynccontextmanager
async def _working(work: Work | None, settings: Settings, pools: Pools) -> AsyncIterator[None]:
    """Run `work` beside the application, again whenever it fails."""

    async def keep_working(work: Work) -> None:
        while True:
            try:
                await work(settings, pools)
            except Exception as exc:
                log.warning("worker failed", error=type(exc).__name__)
            await asyncio.sleep(_WORK_AGAIN_SECONDS)

    task = asyncio.create_task(keep_working(work)) if work else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def check_hashing(
    hasher: passwords.Hasher,
    *,
    at_least: float = HASH_SECONDS_MIN,
    at_most: float = HASH_SECONDS_MAX,
) -> None:
    """Say so if hashing a password takes too little or too long here, in seconds."""
    seconds = await hasher.measure()
    if not at_least <= seconds <= at_most:
        log.warning(
            "hashing a password takes too little or too long: see AUTHENTICATION__PASSWORD_HASH",
            milliseconds=round(seconds * 1000),
        )


def _keep(app: FastAPI, settings: Settings, pools: Pools) -> None:
    """What dependencies find in `app.state`."""
    sealer = Sealer(settings.secret_key, settings.previous_keys)
    ring = keys.KeyRing(sealer)
    app.state.settings = settings
    app.state.pools = replace(pools, limiter=Limiter(settings))
    app.state.sealer = sealer
    app.state.outdated_revisions = migrations.outdated()
    app.state.authentication = Authentication(
        hasher=passwords.Hasher(settings.authentication.password_hash),
        issuer=sessions.Issuer(keys=ring, sealer=sealer, settings=settings.authentication),
        verifier=tokens.TokenVerifier(ring, settings.authentication),
        breached=BreachedPasswords(settings.authentication.breached_passwords_url),
        captcha=Captcha(settings.captcha),
    )
    app.state.metrics.show(
        "breached_password_lookups",
        "New passwords looked up among those of known breaches.",
        "outcome",
        app.state.authentication.breached.asked,
    )
    app.state.metrics.show(
        "login_passwords",
        "Passwords tried at signing in.",
        "outcome",
        app.state.pools.counting.outcomes.seen,
    )
    app.state.metrics.show(
        "captchas",
        "Answers to CAPTCHAs that their vendor was asked about.",
        "outcome",
        app.state.authentication.captcha.asked,
    )
    app.state.devices = SignedInDevices()
    app.state.invitations = InvitedSignups()
    app.state.sso = Providers(settings)
    app.state.forms = FormCache()
    app.state.downloads = Downloads()
    app.state.metrics.watch(pools)


def _around(settings: Settings, metrics: Metrics, *, compiled: bool) -> list[Middleware]:
    """What every request passes, whoever serves it."""
    cors = settings.cors
    stack = [
        Middleware(RequestContext, metrics=metrics, has_https=settings.cookies_are_secure),
    ]
    if settings.trusted_proxies:
        stack.insert(0, Middleware(Forwarded, trusted=settings.trusted_proxies))
    if cors.allow_origins or cors.allow_origins_regex:
        is_any = "*" in cors.allow_origins
        stack.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(cors.allow_origins),
                allow_origin_regex=cors.allow_origins_regex,
                allow_credentials=cors.allow_credentials and not is_any,
                allow_methods=list(cors.allow_methods),
                allow_headers=list(cors.allow_headers),
                expose_headers=list(exposed_headers()),
            )
        )
    if general := quotas(settings.rates):
        stack.append(Middleware(GeneralLimit, quotas=general))
    body_bytes = settings.limits.body_bytes
    stack.append(Middleware(Idempotency, identify=identified, max_body_size=body_bytes))
    if compiled and settings.compiled_routes:
        stack.append(Middleware(CompiledRoutes, max_body_size=body_bytes))
    return stack
