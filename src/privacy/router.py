"""Taking one's data along (`/v1/users/me/export`); leaving (`DELETE /v1/users/me`), and back."""

from contextlib import AsyncExitStack
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response, status

from src.auth import pages, signing_in
from src.auth.dependencies import CALLER_PROBLEMS, CurrentLinks, CurrentUser, ProcessAuthentication
from src.auth.exceptions import EmailNotVerified, FreshLoginRequired
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import ExpiredToken, InvalidOneTimeToken
from src.auth.onetime.schemas import SentToken
from src.auth.platform.exceptions import LastAdmin
from src.auth.verification import service as verification_service
from src.constants import API_PREFIX
from src.dependencies import Deciding, Pools, ProcessSettings, Transaction
from src.exceptions import Invalid, TooManyRequests, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import payload_problems, private_problems, problems
from src.privacy import exceptions, schemas, service
from src.privacy.dependencies import FileOfLink, MayExport
from src.routing import Route
from src.streaming import Downloads, StreamedResponse, reading
from src.teams.exceptions import SoleOwnerOfTeam

my_router = APIRouter(prefix="/users/me", tags=["privacy"], route_class=Route)
undo_router = APIRouter(prefix="/auth/deletion/undo", tags=["privacy"], route_class=Route)


@my_router.post(
    "/export",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ask for all my data",
    responses=private_problems(
        *CALLER_PROBLEMS,
        FreshLoginRequired,
        EmailNotVerified,
        exceptions.ExportRunning,
        RateLimited,
    ),
)
async def create_export(
    user: CurrentUser, _: MayExport, links: CurrentLinks, response: Response, conn: Transaction
) -> schemas.Export:
    """Gather everything that the service knows of you, and mail the link by which you fetch it.

    It is a ZIP file of JSON files, kept for 24 hours; `about.json` in it says what each is. There
    is nothing of other people in it, and nothing that lets anybody in. A new one replaces the old.
    """
    response.headers["Location"] = f"{API_PREFIX}/users/me/export"
    return await service.start(conn, user_id=user.id, page=links.account_export())


@my_router.get(
    "/export",
    summary="How far my export is",
    responses=private_problems(*CALLER_PROBLEMS, exceptions.ExportNotFound),
)
async def get_export(user: CurrentUser, conn: Deciding) -> schemas.Export:
    """Show the last export that you have asked for. The way to the file is in the mail alone."""
    return await service.get(conn, user_id=user.id)


@my_router.get(
    "/export/file",
    summary="What the link to an export fetches",
    response_class=StreamedResponse,
    responses={
        200: {
            "description": "The ZIP file.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems(InvalidOneTimeToken, ExpiredToken, Invalid, TooManyRequests, Unavailable),
    },
)
async def get_export_file(file: FileOfLink, request: Request, pools: Pools) -> StreamedResponse:
    """Download the file, as often as you like while the link works. Nothing is used up by it."""
    downloads = cast("Downloads", request.app.state.downloads)
    async with AsyncExitStack() as stack:
        stack.enter_context(downloads.place(file.user_id))
        conn = await stack.enter_async_context(reading(pools))
        response = await StreamedResponse.begun(
            service.read_file(conn, export_id=file.id, run=file.run),
            stack,
            media_type="application/zip",
            filename=f"export-{file.id}.zip",
        )
        response.headers["Content-Length"] = str(file.size)
        response.headers["Cache-Control"] = "no-store"
        return response


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
        **pages.shown("A page whose button keeps it; as JSON for who accepts that"),
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
