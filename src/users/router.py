"""`/v1/users`: the caller's own account."""

from fastapi import APIRouter

from src.auth.dependencies import CALLER_PROBLEMS, CurrentUser
from src.database import Json
from src.dependencies import Deciding
from src.openapi import private_problems
from src.routing import Route
from src.users import schemas, service

router = APIRouter(prefix="/users", tags=["users"], route_class=Route)


@router.get("/me", summary="My account", responses=private_problems(*CALLER_PROBLEMS))
async def get_me(user: CurrentUser, conn: Deciding) -> Json[schemas.User]:
    """Show the caller's own account."""
    return await service.show(conn, user_id=user.id)
