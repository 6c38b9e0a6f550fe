"""`/v1/teams`."""

from fastapi import APIRouter, Response, status

from src.auth.dependencies import CurrentUser
from src.auth.exceptions import InvalidToken
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Database, Deciding, PageRequest
from src.openapi import payload_problems, private_problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page
from src.teams import exceptions, schemas, service

router = APIRouter(prefix="/teams", tags=["teams"], route_class=Route)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create a team",
    responses=payload_problems(InvalidToken),
)
async def create_team(
    new: schemas.TeamCreate, response: Response, user: CurrentUser, conn: Database
) -> Json[schemas.Team]:
    """Create a team and become its owner."""
    team = await service.create(conn, user_id=user.id, name=new.name)
    response.headers["Location"] = f"{API_PREFIX}/teams/{team.id}"
    return team.body


@router.get("", summary="My teams", responses=payload_problems(InvalidToken, InvalidCursor))
async def list_teams(
    user: CurrentUser, conn: Database, page: PageRequest
) -> Json[Page[schemas.Team]]:
    """List the teams you belong to, oldest first."""
    return await service.list_mine(conn, user_id=user.id, page=page)


@router.get(
    "/{team_id}",
    summary="A team",
    responses=private_problems(InvalidToken, exceptions.TeamNotFound),
)
async def get_team(
    team_id: schemas.TeamId, user: CurrentUser, conn: Deciding
) -> Json[schemas.Team]:
    """Show one of your teams."""
    return await service.show(conn, team_id=team_id, user_id=user.id)
