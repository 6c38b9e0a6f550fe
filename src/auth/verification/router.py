"""`/v1/auth/email`: proving that an address is one's own."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from src.auth import exceptions, pages
from src.auth.binding import ProcessInvitations
from src.auth.dependencies import CurrentLinks, ProcessAuthentication
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidCode, InvalidOneTimeToken
from src.auth.onetime.schemas import SentToken
from src.auth.schemas import CheckEmail
from src.auth.verification import schemas, service
from src.auth.verification.dependencies import Addressee
from src.constants import API_PREFIX
from src.dependencies import Deciding, ProcessSettings, Transaction
from src.exceptions import Unauthenticated, Unavailable
from src.openapi import problems
from src.routing import Route

router = APIRouter(prefix="/auth/email", tags=["auth"], route_class=Route)


@router.post(
    "/verification",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for a verification mail",
    responses=problems(
        Unauthenticated, exceptions.InvalidToken, exceptions.CsrfFailed, Unavailable
    ),
)
async def request_email_verification(
    addressee: Addressee,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    links: CurrentLinks,
    conn: Transaction,
) -> CheckEmail:
    """Mail a link and a code to an address that waits for verification; without one, to your own.

    The answer is the same for every address. Nothing is sent to one that is verified already, that
    nobody has signed up with, or that was written to less than a minute ago.
    """
    if addressee is not None:
        await service.send(
            conn, authentication.issuer.sealer, settings.secret_key, links, user=addressee
        )
    return CheckEmail()


@router.get(
    "/verify",
    summary="What a verification link opens",
    responses={
        **pages.shown("A page whose button verifies the address; as JSON for who accepts that"),
        **problems(InvalidOneTimeToken, ExpiredToken, Unavailable),
    },
)
async def show_email_verification(
    request: Request, conn: Deciding, token: Annotated[SentToken, Query()]
) -> Response:
    """Show a page with a button, or say as JSON what the link is for. Nothing is used up by it."""
    if pages.wants_json(request):
        return pages.as_json(await service.look_at(conn, purpose=Purpose.VERIFY_EMAIL, token=token))
    return pages.page(
        title="Verify your email",
        text="Press the button, and this address counts as yours.",
        button="Verify",
        action=f"{API_PREFIX}/auth/email/verify",
        done="Your email is verified. You can close this page.",
    )


@router.post(
    "/verify",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Verify an email",
    responses=problems(InvalidOneTimeToken, ExpiredToken, InvalidCode, Unavailable),
)
async def verify_email(
    proof: schemas.EmailVerification,
    settings: ProcessSettings,
    invitations: ProcessInvitations,
    conn: Transaction,
) -> None:
    """Show the token of the link, or the code with its address. The same token serves again.

    Who has signed up with the token of an invitation is in the team then.
    """
    if proof.token is not None:
        await service.verify(conn, invitations, token=proof.token)
    elif proof.email is not None and proof.code is not None:
        await service.verify_by_code(
            conn, settings.secret_keys, invitations, email=proof.email, code=proof.code
        )
