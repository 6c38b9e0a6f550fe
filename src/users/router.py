"""`/v1/users`: the caller's own account."""

from fastapi import APIRouter

from src.auth.dependencies import CALLER_PROBLEMS, CurrentProfile, CurrentUser
from src.database import Json
from src.dependencies import Database
from src.openapi import payload_problems, private_problems
from src.routing import Route
from src.users import exceptions, schemas, service

router = APIRouter(prefix="/users", tags=["users"], route_class=Route)


@router.get("/me", summary="My account", responses=private_problems(*CALLER_PROBLEMS))
async def get_me(profile: CurrentProfile) -> Json[schemas.User]:
    """Show the caller's own account."""
    return profile.account


@router.patch(
    "/me",
    summary="Change my account",
    responses=payload_problems(*CALLER_PROBLEMS, exceptions.UsernameTaken),
)
async def update_me(
    changes: schemas.ProfileUpdate, user: CurrentUser, conn: Database
) -> Json[schemas.User]:
    """Change what you are called, your language and your time zone.

    The email has its own way, since a new one must be proved: `PUT /v1/users/me/email`.
    """
    return await service.update(conn, user_id=user.id, changes=changes)


@router.get(
    "/me/preferences", summary="My preferences", responses=private_problems(*CALLER_PROBLEMS)
)
async def get_preferences(user: CurrentUser, conn: Database) -> Json[schemas.Preferences]:
    """How you like the service to look, and to reach you."""
    return await service.get_preferences(conn, user_id=user.id)


@router.patch(
    "/me/preferences",
    summary="Change my preferences",
    responses=payload_problems(*CALLER_PROBLEMS),
)
async def update_preferences(
    changes: schemas.PreferencesUpdate, user: CurrentUser, conn: Database
) -> Json[schemas.Preferences]:
    """Change some of them; what is left out stays as it is."""
    return await service.update_preferences(conn, user_id=user.id, changes=changes)
