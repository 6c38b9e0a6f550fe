"""`/v1/users/me/sessions`: where the caller is signed in."""

from fastapi import APIRouter, status

from src.auth import service as auth_service
from src.auth.constants import LogoutScope
from src.auth.dependencies import CALLER_PROBLEMS, CurrentUser
from src.auth.schemas import SessionId
from src.auth.signed_in import exceptions, schemas, service
from src.database import Json
from src.dependencies import Database, Deciding, PageRequest, Transaction
from src.openapi import payload_problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page

router = APIRouter(prefix="/users/me/sessions", tags=["users"], route_class=Route)


@router.get("", summary="My sessions", responses=payload_problems(*CALLER_PROBLEMS, InvalidCursor))
async def list_sessions(
    user: CurrentUser, conn: Deciding, page: PageRequest
) -> Json[Page[schemas.OwnSession]]:
    """Where you are signed in, oldest first. What has ended is not listed."""
    return await service.list_sessions(conn, user_id=user.id, session_id=user.session_id, page=page)


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End my sessions",
    responses=payload_problems(*CALLER_PROBLEMS),
)
async def end_sessions(
    user: CurrentUser, conn: Transaction, which: schemas.SessionsEnd | None = None
) -> None:
    """Sign out everywhere else, or everywhere with `except_current: false`. API keys stay."""
    which = which or schemas.SessionsEnd()
    await auth_service.revoke_sessions(
        conn,
        user_id=user.id,
        session_id=user.session_id,
        scope=LogoutScope.OTHERS if which.except_current else LogoutScope.ALL,
        reason="revoked",
    )


@router.delete(
    "/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End one of my sessions",
    responses=payload_problems(*CALLER_PROBLEMS, exceptions.SessionNotFound),
)
async def end_session(session_id: SessionId, user: CurrentUser, conn: Database) -> None:
    """Sign out there: its tokens are refused from now on."""
    await service.end_session(conn, user_id=user.id, session_id=session_id)
