"""`/v1/auth/signup`: making an account, at once or by mail."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from src.auth import exceptions, pages, signing_in
from src.auth.binding import ProcessInvitations
from src.auth.captcha.exceptions import CaptchaRequired
from src.auth.dependencies import CurrentLinks
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidCode, InvalidOneTimeToken
from src.auth.onetime.schemas import SentToken
from src.auth.schemas import CheckEmail
from src.auth.signing_in import CurrentSigningIn
from src.auth.signup import service
from src.auth.signup.dependencies import AcceptableSignup, CompletingPassword
from src.auth.signup.schemas import SignupCheck, SignupCompletion
from src.auth.verification import service as verification_service
from src.auth.verification.schemas import LinkState
from src.constants import API_PREFIX
from src.dependencies import Deciding, Transaction
from src.exceptions import Busy, Invalid, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import problems
from src.routing import Route
from src.users import exceptions as users_exceptions
from src.users import service as users_service

router = APIRouter(prefix="/auth/signup", tags=["auth"], route_class=Route)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Sign up",
    responses={
        202: {"model": CheckEmail, "description": "A mail says how to go on."},
        **problems(
            exceptions.SignupDisabled,
            CaptchaRequired,
            exceptions.CsrfFailed,
            users_exceptions.EmailTaken,
            users_exceptions.UsernameTaken,
            Invalid,
            RateLimited,
            Busy,
            Unavailable,
        ),
    },
)
async def sign_up(
    signup: AcceptableSignup, signing: CurrentSigningIn, links: CurrentLinks, conn: Transaction
) -> signing_in.Outcome | CheckEmail:
    """Create an account and sign it in, and mail a link that verifies the address.

    Without a password a link is mailed by which to choose one (202). A private service always
    answers so, and alike for addresses that it knows and that it does not.

    Who comes with the `invitation_token` of an invitation to their address is in the team once the
    email is verified; where nobody can sign up, it is enough, by mail. One that does not hold is as
    none, and so is a link's: accept that once signed in.
    """
    new, key = signup.new, signing.settings.secret_key
    sealer = signing.authentication.issuer.sealer
    if signup.password_hash is None:
        if signup.may_write:
            await service.write(
                conn, sealer, key, links, new=new, known=signup.known, invited=signup.invited
            )
        signing.response.status_code = status.HTTP_202_ACCEPTED
        return CheckEmail()
    signing_in.check_transport(signing, new.token_transport)
    user = await service.create(conn, new=new, password_hash=signup.password_hash)
    if signup.may_write:
        known = await users_service.find(conn, user_id=user.id)
        await verification_service.send(
            conn, sealer, key, links, user=known, invited=signup.invited
        )
    signing.response.headers["Location"] = f"{API_PREFIX}/users/me"
    return await signing_in.complete(
        conn,
        signing,
        user_id=user.id,
        transport=new.token_transport,
        auth_methods=["pwd"],
    )


@router.post(
    "/check",
    summary="Check a sign-up link",
    responses=problems(InvalidOneTimeToken, ExpiredToken, Unavailable),
)
async def check_signup(check: SignupCheck, conn: Deciding, response: Response) -> LinkState:
    """Say whether the token of a link can be used, without using it up."""
    response.headers["Cache-Control"] = "no-store"
    return await verification_service.look_at(conn, purpose=Purpose.SIGNUP, token=check.token)


@router.get(
    "/complete",
    summary="What a sign-up link opens",
    responses={
        **pages.shown("A page on which to choose a password; as JSON for who accepts that"),
        **problems(InvalidOneTimeToken, ExpiredToken, Unavailable),
    },
)
async def show_signup(
    request: Request, conn: Deciding, token: Annotated[SentToken, Query()]
) -> Response:
    """Show a page with a form, or say as JSON what the link is for. Nothing is used up by it."""
    if pages.wants_json(request):
        return pages.as_json(
            await verification_service.look_at(conn, purpose=Purpose.SIGNUP, token=token)
        )
    return pages.page(
        title="Complete your sign-up",
        text="Choose a password of at least 15 characters. A sentence does well.",
        fields='<label>Password<input name="password" type="password" required '
        'autocomplete="new-password"></label>\n',
        button="Create my account",
        action=f"{API_PREFIX}/auth/signup/complete",
        done="Your account is there. Sign in with your email and this password.",
    )


@router.post(
    "/complete",
    status_code=status.HTTP_201_CREATED,
    summary="Complete a sign-up",
    responses=problems(
        InvalidOneTimeToken,
        ExpiredToken,
        InvalidCode,
        exceptions.SignupDisabled,
        exceptions.CsrfFailed,
        users_exceptions.EmailTaken,
        users_exceptions.UsernameTaken,
        Invalid,
        RateLimited,
        Busy,
        Unavailable,
    ),
)
async def complete_signup(
    completion: SignupCompletion,
    password: CompletingPassword,
    signing: CurrentSigningIn,
    invitations: ProcessInvitations,
    conn: Transaction,
) -> signing_in.Outcome:
    """Create the account of a sign-up mail, and sign it in. Its email counts as verified.

    A username that is taken leaves the link as it was.
    """
    signing_in.check_transport(signing, completion.token_transport)
    user = await service.complete(
        conn,
        signing.settings.secret_keys,
        completion=completion,
        password_hash=password.hash,
        invitations=invitations,
        takes_uninvited=signing.settings.takes_signups,
    )
    signing.response.headers["Location"] = f"{API_PREFIX}/users/me"
    return await signing_in.complete(
        conn,
        signing,
        user_id=user.id,
        transport=completion.token_transport,
        auth_methods=["pwd"],
    )
