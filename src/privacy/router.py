"""Leaving: `DELETE /v1/users/me`, and taking it back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from src.auth import pages, signing_in
from src.auth.dependencies import CALLER_PROBLEMS, CurrentLinks, CurrentUser, ProcessAuthentication
from src.auth.exceptions import FreshLoginRequired
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidOneTimeToken
from src.auth.onetime.schemas import SentToken
from src.auth.platform.exceptions import LastAdmin
from src.auth.verification import service as verification_service
from src.constants import API_PREFIX
from src.dependencies import Deciding, ProcessSettings, Transaction
from src.exceptions import Unavailable
from src.openapi import payload_problems, problems
from src.privacy import schemas, service
from src.routing import Route
from src.teams.exceptions import SoleOwnerOfTeam

my_router = APIRouter(prefix="/users/me", tags=["privacy"], route_class=Route)
undo_router = APIRouter(prefix="/auth/deletion/undo", tags=["privacy"], route_class=Route)


@my_router.delete(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Delete my account",
    responses=payload_problems(*CALLER_PROBLEMS, FreshLoginRequired, SoleOwnerOfTeam, LastAdmin),
)
async def delete_me(
    deletion: schemas.AccountDelete,
    request: Request,
    response: Response,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    links: CurrentLinks,
    conn: Transaction,
) -> schemas.Deletion:
    """Delete your account: it is erased at `erase_at`, 14 days from now unless set otherwise.

    Until then nobody can use it, and the link in the mail that you get takes it back. You are
    signed out everywhere, your devices are forgotten, and your email and username stay taken. Who
    is the only owner of teams first finds another, or deletes them: the problem names them in
    `teams`. What is erased and what stays, without your name, is told in the documentation.
    """
    deleted = await service.request(
        conn,
        authentication.issuer.sealer,
        settings.secret_key,
        links if settings.links_are_ours else None,
        user_id=user.id,
        confirm=deletion.confirm,
        days=settings.privacy.deletion_grace_days,
    )
    signing_in.clear(request, response, settings)
    return deleted


@undo_router.get(
    "",
    summary="What the link to keep an account opens",
    responses={
        200: {
            "description": "A page whose button keeps it; as JSON for who accepts that",
            "content": {"text/html": {"schema": {"type": "string"}}},
        },
        **problems(InvalidOneTimeToken, ExpiredToken, Unavailable),
    },
)
async def show_deletion_undo(
    request: Request, conn: Deciding, token: Annotated[SentToken, Query()]
) -> Response:
    """Show a page with a button, or say as JSON what the link is for. Nothing is used up by it."""
    if pages.wants_json(request):
        return pages.as_json(
            await verification_service.look_at(conn, purpose=Purpose.RESTORE_ACCOUNT, token=token)
        )
    return pages.page(
        title="Keep your account",
        text="Your account is being deleted. Press the button to keep it; then sign in as before.",
        button="Keep my account",
        action=f"{API_PREFIX}/auth/deletion/undo",
        done="The account is yours as before. Sign in again.",
    )


@undo_router.post(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Keep my account",
    responses=problems(InvalidOneTimeToken, ExpiredToken, Unavailable),
)
async def undo_deletion(undone: schemas.DeletionUndo, conn: Transaction) -> None:
    """Take the deletion of an account back, by the link of the mail. Nobody is signed in by it."""
    await service.undo(conn, token=undone.token)
