"""`/v1/teams/{team_id}/service-accounts`: programs of a team, and their keys."""

from fastapi import APIRouter, Response, status

from src.auth.api_keys import exceptions as api_keys_exceptions
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import ApiKey, ApiKeyId, NewApiKey
from src.auth.dependencies import CurrentUser, ProcessAuthentication
from src.auth.exceptions import FreshLoginRequired, InvalidToken
from src.constants import API_PREFIX
from src.dependencies import Deciding, Transaction
from src.openapi import payload_problems, private_problems
from src.routing import Route
from src.schemas import Page
from src.service_accounts import exceptions, schemas, service
from src.teams import exceptions as teams_exceptions
from src.teams.dependencies import TeamOfRoute
from src.teams.schemas import TeamId
from src.users.schemas import UserId

router = APIRouter(
    prefix="/teams/{team_id}/service-accounts", tags=["service accounts"], route_class=Route
)

_MANAGED = (InvalidToken, teams_exceptions.TeamNotFound, teams_exceptions.RoleTooLow)
_FOUND = (*_MANAGED, exceptions.ServiceAccountNotFound)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Make a service account",
    responses=payload_problems(*_MANAGED, exceptions.ServiceAccountLimit),
)
async def create_service_account(
    team: TeamOfRoute,
    new: schemas.ServiceAccountCreate,
    user: CurrentUser,
    conn: Transaction,
    response: Response,
) -> schemas.ServiceAccount:
    """Make a member of the team that is a program: it calls by keys, and never signs in.

    It belongs to the team, not to whoever makes it, and ends with the team.
    """
    made = await service.create(conn, team_id=team.id, actor_id=user.id, new=new)
    response.headers["Location"] = _address(team.id, made.id)
    return made


@router.get("", summary="A team's service accounts", responses=private_problems(*_MANAGED))
async def list_service_accounts(team: TeamOfRoute, conn: Deciding) -> Page[schemas.ServiceAccount]:
    """List them, oldest first: 25 at most, on one page."""
    items = await service.list_for_team(conn, team_id=team.id)
    return Page[schemas.ServiceAccount](items=items, next_cursor=None)


@router.get(
    "/{service_account_id}", summary="A service account", responses=private_problems(*_FOUND)
)
async def get_service_account(
    team: TeamOfRoute, service_account_id: UserId, conn: Deciding
) -> schemas.ServiceAccount:
    """Show one of the team's."""
    return await service.get(conn, team_id=team.id, account_id=service_account_id)


@router.patch(
    "/{service_account_id}",
    summary="Change a service account",
    responses=payload_problems(*_FOUND),
)
async def update_service_account(
    team: TeamOfRoute,
    service_account_id: UserId,
    changes: schemas.ServiceAccountUpdate,
    user: CurrentUser,
    conn: Transaction,
) -> schemas.ServiceAccount:
    """Give it another name or role. Its keys have the role with their next request."""
    return await service.update(
        conn, team_id=team.id, actor_id=user.id, account_id=service_account_id, changes=changes
    )


@router.delete(
    "/{service_account_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a service account",
    responses=private_problems(*_FOUND),
)
async def delete_service_account(
    team: TeamOfRoute, service_account_id: UserId, user: CurrentUser, conn: Transaction
) -> None:
    """End it, with all its keys. What it has done stays."""
    await service.delete(conn, team_id=team.id, actor_id=user.id, account_id=service_account_id)


@router.post(
    "/{service_account_id}/keys",
    status_code=status.HTTP_201_CREATED,
    summary="Make a key for a service account",
    responses=payload_problems(*_FOUND, FreshLoginRequired, api_keys_exceptions.ApiKeyLimit),
)
async def create_service_account_key(
    team: TeamOfRoute,
    service_account_id: UserId,
    new: schemas.ServiceKeyCreate,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> NewApiKey:
    """Make a key; the answer shows it this once, and whoever makes it is told by mail.

    It may do what its scopes name, of what the account's role allows at that moment. Scopes about
    somebody (`profile:...`, `devices:...`, `teams:join`) are for people only.
    """
    response.headers["Cache-Control"] = "no-store"
    made = await service.create_key(
        conn,
        authentication.issuer.sealer,
        team_id=team.id,
        actor_id=user.id,
        account_id=service_account_id,
        new=new,
    )
    account = _address(team.id, service_account_id)
    response.headers["Location"] = f"{account}/keys/{made.api_key.id}"
    return made


@router.get(
    "/{service_account_id}/keys",
    summary="A service account's keys",
    responses=private_problems(*_FOUND),
)
async def list_service_account_keys(
    team: TeamOfRoute, service_account_id: UserId, conn: Deciding
) -> Page[ApiKey]:
    """List its keys, oldest first: 25 at most, on one page."""
    account = await service.get(conn, team_id=team.id, account_id=service_account_id)
    items = await api_keys_service.list_for_user(conn, user_id=account.id)
    return Page[ApiKey](items=items, next_cursor=None)


@router.delete(
    "/{service_account_id}/keys/{key_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a service account's key",
    responses=private_problems(*_FOUND, api_keys_exceptions.ApiKeyNotFound),
)
async def delete_service_account_key(
    team: TeamOfRoute,
    service_account_id: UserId,
    key_id: ApiKeyId,
    user: CurrentUser,
    conn: Transaction,
) -> None:
    """End a key: the very next request that it comes with is refused."""
    await service.delete_key(
        conn,
        team_id=team.id,
        actor_id=user.id,
        account_id=service_account_id,
        key_id=key_id,
    )


def _address(team_id: TeamId, account_id: UserId) -> str:
    return f"{API_PREFIX}/teams/{team_id}/service-accounts/{account_id}"
