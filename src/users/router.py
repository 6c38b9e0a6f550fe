"""`/v1/users`: the caller's own account."""

from fastapi import APIRouter

from src.auth.dependencies import CALLER_PROBLEMS, CurrentProfile
from src.database import Json
from src.openapi import private_problems
from src.routing import Route
from src.users import schemas

router = APIRouter(prefix="/users", tags=["users"], route_class=Route)


@router.get("/me", summary="My account", responses=private_problems(*CALLER_PROBLEMS))
async def get_me(profile: CurrentProfile) -> Json[schemas.User]:
    """Show the caller's own account."""
    return profile.account
