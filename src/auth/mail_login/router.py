"""`/v1/auth/login/link` and `/code`: signing in by what is mailed."""

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse

from src.auth import exceptions, pages, signing_in
from src.auth.dependencies import CurrentLinks
from src.auth.links import Links
from src.auth.mail_login import schemas, service
from src.auth.mail_login.constants import AUTH_METHOD, LOGIN_TASK, Kind
from src.auth.mail_login.dependencies import Counted, Enabled
from src.auth.mail_login.exceptions import MethodDisabled
from src.auth.mailing import MaySendMail
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidCode, InvalidOneTimeToken
from src.auth.onetime.schemas import MailRequest
from src.auth.signing_in import CurrentSigningIn
from src.config import Settings
from src.constants import API_PREFIX
from src.database import Transaction as Held
from src.dependencies import ProcessSettings, Transaction
from src.exceptions import Invalid, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import problems
from src.routing import Route

router = APIRouter(prefix="/auth/login", tags=["auth"], route_class=Route)

_ASKED = problems(MethodDisabled, Invalid, Unavailable)


@router.post(
    "/link",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for a link to sign in",
    responses=_ASKED,
)
async def ask_for_login_link(
    asked: MailRequest,
    _: Enabled,
    may_send: MaySendMail,
    links: CurrentLinks,
    settings: ProcessSettings,
    conn: Transaction,
) -> schemas.Flow:
    """Mail a link and a code to the address, if an account has it. The answer is always alike.

    Both work for ten minutes. There is one mail a minute at the most, and the answer to whoever
    asks sooner is for no mail: keep the `flow_id` from before.
    """
    return await _ask(links, settings, conn, asked, Kind.LINK, may_send=may_send)


@router.post(
    "/code",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for a code to sign in",
    responses=_ASKED,
)
async def ask_for_login_code(
    asked: MailRequest,
    _: Enabled,
    may_send: MaySendMail,
    links: CurrentLinks,
    settings: ProcessSettings,
    conn: Transaction,
) -> schemas.Flow:
    """As asking for a link, with nothing to click in the mail."""
    return await _ask(links, settings, conn, asked, Kind.CODE, may_send=may_send)


async def _ask(
    links: Links,
    settings: Settings,
    conn: Held,
    asked: MailRequest,
    kind: Kind,
    *,
    may_send: bool,
) -> schemas.Flow:
    if not may_send:
        return await service.make_up(conn)
    made = await onetime_service.ask(
        conn,
        settings.secret_key,
        purpose=Purpose.MAGIC_LINK,
        email=asked.email,
        detail={"page": links.login_link(), "kind": kind},
        task=LOGIN_TASK,
    )
    return schemas.Flow(flow_id=made.flow_id, expires_at=made.expires_at)


@router.get("/link/redeem", summary="The page of a mail to sign in", response_class=HTMLResponse)
async def show_login_page() -> Response:
    """A page with a button that signs in, for installations without a front end.

    The link of the mail leads here, and changes nothing: the page's button does.
    """
    return pages.page(
        title="Sign in",
        text="",
        button="Sign in",
        action=f"{API_PREFIX}/auth/login/link/redeem",
        done=(
            "That was right. You are signed in; or, if your account has a second factor, sign in"
            " where you came from: you will be asked for it there."
        ),
        fields='<input type="hidden" name="token_transport" value="cookie">',
    )


@router.post(
    "/link/redeem",
    summary="Sign in by mail",
    responses=problems(
        InvalidOneTimeToken,
        ExpiredToken,
        InvalidCode,
        MethodDisabled,
        RateLimited,
        exceptions.CsrfFailed,
        Invalid,
        Unavailable,
    ),
)
async def redeem_login(
    redemption: schemas.Redemption,
    _: Counted,
    signing: CurrentSigningIn,
    conn: Transaction,
) -> signing_in.Outcome:
    """Sign in by the token of the mail's link, or by its code, with the address and its flow.

    The email counts as verified then. If it did not before, the account's password and its other
    sessions are gone: they may be those of somebody who signed up with an address of others. A
    mail says so; whoever wants a password then chooses a new one (`PUT /v1/users/me/password`).
    """
    signing_in.check_transport(signing, redemption.token_transport)
    if redemption.token is not None:
        spent = await onetime_service.spend(
            conn, purpose=Purpose.MAGIC_LINK, token=redemption.token
        )
    else:
        spent = await onetime_service.spend_code(
            conn,
            signing.settings.secret_keys,
            purpose=Purpose.MAGIC_LINK,
            target=redemption.email or "",
            code=redemption.code or "",
            flow_id=redemption.flow_id,
        )
    user_id = await service.enter(conn, signing.authentication.issuer.sealer, spent)
    return await signing_in.complete(
        conn,
        signing,
        user_id=user_id,
        transport=redemption.token_transport,
        auth_methods=[AUTH_METHOD],
    )
