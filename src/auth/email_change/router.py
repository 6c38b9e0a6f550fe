"""`/v1/users/me/email`: changing one's email, and taking the change back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from src.auth import exceptions, pages
from src.auth.dependencies import CALLER_PROBLEMS, CurrentLinks, CurrentUser, ProcessAuthentication
from src.auth.email_change import schemas, service
from src.auth.email_change.dependencies import Proposed
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidCode, InvalidOneTimeToken
from src.auth.onetime.schemas import SentToken
from src.auth.schemas import CheckEmail
from src.auth.verification import service as verification_service
from src.constants import API_PREFIX
from src.dependencies import Deciding, ProcessSettings, Transaction
from src.exceptions import Unavailable
from src.openapi import payload_problems, problems
from src.routing import Route
from src.users.exceptions import EmailTaken

my_router = APIRouter(prefix="/users/me/email", tags=["users"], route_class=Route)
router = APIRouter(prefix="/auth/email/undo", tags=["auth"], route_class=Route)

_SHOWN = problems(InvalidOneTimeToken, ExpiredToken, Unavailable)


@my_router.put(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Change my email",
    responses=payload_problems(*CALLER_PROBLEMS, exceptions.FreshLoginRequired, EmailTaken),
)
async def change_my_email(
    proposed: Proposed,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    links: CurrentLinks,
    conn: Transaction,
) -> CheckEmail:
    """Mail a link and a code to the new address; nothing changes before it is confirmed.

    Asking again kills what was sent before. A private service does not tell whether the address is
    somebody else's.
    """
    if proposed.may_write:
        await service.propose(
            conn,
            authentication.issuer.sealer,
            settings.secret_key,
            links,
            user=proposed.user,
            email=proposed.email,
            owner=proposed.owner,
        )
    return CheckEmail()


@my_router.get(
    "/confirm",
    summary="What the link to a new email opens",
    responses={
        **pages.shown("A page whose button confirms; as JSON for who accepts that"),
        **_SHOWN,
    },
)
async def show_email_change(
    request: Request, conn: Deciding, token: Annotated[SentToken, Query()]
) -> Response:
    """Show a page with a button, or say as JSON what the link is for. Nothing is used up by it."""
    if pages.wants_json(request):
        return pages.as_json(
            await verification_service.look_at(conn, purpose=Purpose.CHANGE_EMAIL, token=token)
        )
    return pages.page(
        title="Confirm your new email",
        text="Press the button, and you sign in with this address from now on.",
        button="Confirm",
        action=f"{API_PREFIX}/users/me/email/confirm",
        session=f"{API_PREFIX}/auth/session",
        done="Your email has changed. You can close this page.",
        unknown="You are not signed in here: enter the code of the mail where you are.",
    )


@my_router.post(
    "/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Confirm my new email",
    responses=payload_problems(
        *CALLER_PROBLEMS, InvalidOneTimeToken, ExpiredToken, InvalidCode, EmailTaken
    ),
)
async def confirm_my_email(
    confirmation: schemas.EmailConfirmation,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    links: CurrentLinks,
    conn: Transaction,
) -> None:
    """Change the email to the one that the link or the code went to. It counts as verified.

    The other sessions end, and the old address, if it was verified, may take it back for 72 hours.
    """
    email = await service.spend(
        conn,
        settings.secret_keys,
        user_id=user.id,
        token=confirmation.token,
        code=confirmation.code,
    )
    await service.change(
        conn,
        authentication.issuer.sealer,
        settings.secret_key,
        links,
        user_id=user.id,
        session_id=user.session_id,
        email=email,
    )


@router.get(
    "",
    summary="What the link to an old email opens",
    responses={
        **pages.shown("A page whose button takes it back; as JSON for who accepts that"),
        **_SHOWN,
    },
)
async def show_email_undo(
    request: Request, conn: Deciding, token: Annotated[SentToken, Query()]
) -> Response:
    """Show a page with a button, or say as JSON what the link is for. Nothing is used up by it."""
    if pages.wants_json(request):
        return pages.as_json(
            await verification_service.look_at(conn, purpose=Purpose.UNDO_EMAIL, token=token)
        )
    return pages.page(
        title="Keep your old email",
        text="If you did not change your email, press the button: the account gets this address "
        "back, and everybody is signed out of it. Choose a new password then.",
        button="Take the change back",
        action=f"{API_PREFIX}/auth/email/undo",
        done="The account has this address again. Choose a new password now.",
    )


@router.post(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take a change of my email back",
    responses=problems(InvalidOneTimeToken, ExpiredToken, EmailTaken, Unavailable),
)
async def undo_email_change(
    undone: schemas.EmailUndo, authentication: ProcessAuthentication, conn: Transaction
) -> None:
    """Give the account its old email back, and end all of its sessions.

    Whatever signs in and came since the change goes: API keys, passkeys, identities, an
    authenticator app, recovery codes, a password, a phone number; and all devices. An account that
    was deleted by its user meanwhile is restored; one that an operator has deleted stays so. All
    that was mailed is dead then, and links to take later changes back too.
    """
    await service.undo(conn, authentication.issuer.sealer, token=undone.token)
