"""`/v1/teams`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from src.audit.constants import Action
from src.auth.dependencies import CurrentUser
from src.auth.exceptions import FreshLoginRequired, InvalidToken
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Database, PageRequest, ProcessSettings, Transaction
from src.openapi import payload_problems, private_problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page
from src.teams import exceptions, schemas, service
from src.teams.constants import Role
from src.teams.dependencies import DeletedTeamOfRoute, ExpectedVersion, ShownTeam, TeamOfRoute
from src.users.exceptions import UserNotFound
from src.users.schemas import UserId

router = APIRouter(prefix="/teams", tags=["teams"], route_class=Route)
people_router = APIRouter(prefix="/users", tags=["users"], route_class=Route)

_SEEN = (InvalidToken, exceptions.TeamNotFound)
_MANAGED = (*_SEEN, exceptions.RoleTooLow)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create a team",
    responses=payload_problems(InvalidToken, exceptions.TeamLimit, exceptions.SlugTaken),
)
async def create_team(
    new: schemas.TeamCreate,
    response: Response,
    user: CurrentUser,
    conn: Database,
    settings: ProcessSettings,
) -> Json[schemas.Team]:
    """Create a team and become its owner. Without a `slug`, one is made of the name."""
    team = await service.create(
        conn,
        user_id=user.id,
        limit=settings.limits.teams_per_user,
        name=new.name,
        slug=new.slug,
        settings=new.settings,
    )
    response.headers["Location"] = f"{API_PREFIX}/teams/{team.id}"
    return team.body


@router.get("", summary="My teams", responses=payload_problems(InvalidToken, InvalidCursor))
async def list_teams(
    user: CurrentUser,
    conn: Database,
    page: PageRequest,
    role: Annotated[Role | None, Query(description="Only teams in which you are that.")] = None,
    deleted: Annotated[
        bool, Query(description="Instead, the deleted teams that you own and may restore.")
    ] = False,
) -> Json[Page[schemas.Team]]:
    """List the teams you belong to, oldest first."""
    return await service.list_mine(conn, user_id=user.id, page=page, role=role, is_deleted=deleted)


@router.get("/{team_id}", summary="A team", responses=private_problems(*_SEEN))
async def get_team(team: ShownTeam, response: Response) -> Json[schemas.Team]:
    """Show one of your teams. Its ETag goes into `If-Match` of the next change."""
    return _sent(response, team)


@router.patch(
    "/{team_id}",
    summary="Rename a team",
    responses=payload_problems(*_MANAGED, exceptions.SlugTaken, exceptions.StaleTeam),
)
async def update_team(
    team: TeamOfRoute,
    user: CurrentUser,
    changes: schemas.TeamUpdate,
    expected_version: ExpectedVersion,
    conn: Database,
    response: Response,
) -> Json[schemas.Team]:
    """Change the name or the slug. With `If-Match`, only if nobody else changed the team since."""
    changed = await service.update(
        conn, team=team, user_id=user.id, changes=changes, expected_version=expected_version
    )
    return _sent(response, changed)


@router.patch(
    "/{team_id}/settings",
    summary="Change a team's settings",
    responses=payload_problems(*_MANAGED, exceptions.StaleTeam),
)
async def update_team_settings(
    team: TeamOfRoute,
    user: CurrentUser,
    changes: schemas.TeamSettingsUpdate,
    expected_version: ExpectedVersion,
    conn: Database,
    response: Response,
) -> Json[schemas.Team]:
    """Change some of the settings; the others stay as they are."""
    changed = await service.update_settings(
        conn, team=team, user_id=user.id, changes=changes, expected_version=expected_version
    )
    return _sent(response, changed)


@router.delete(
    "/{team_id}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Delete a team",
    responses=payload_problems(*_MANAGED, FreshLoginRequired),
)
async def delete_team(
    team: TeamOfRoute, user: CurrentUser, sure: schemas.TeamDelete, conn: Transaction
) -> Json[schemas.Team]:
    """Delete the team with all that is its own; `confirm` is its name.

    From now on it exists for nobody. Its owners find it under `GET /v1/teams?deleted=true` and may
    restore it for 30 days.
    """
    deleted = await service.delete(conn, team_id=team.id, user_id=user.id, confirm=sure.confirm)
    return deleted.body


@router.post(
    "/{team_id}/restore",
    summary="Restore a team",
    responses=payload_problems(*_SEEN, exceptions.TeamLimit),
)
async def restore_team(
    team: DeletedTeamOfRoute,
    user: CurrentUser,
    conn: Transaction,
    settings: ProcessSettings,
    response: Response,
) -> Json[schemas.Team]:
    """Bring a deleted team back, with its members and all that is its own."""
    restored = await service.restore(
        conn, team=team, user_id=user.id, limit=settings.limits.teams_per_user
    )
    return _sent(response, restored)


@router.get(
    "/{team_id}/members",
    summary="A team's members",
    responses=payload_problems(*_SEEN, InvalidCursor),
)
async def list_members(
    team: TeamOfRoute, conn: Database, page: PageRequest
) -> Json[Page[schemas.Member]]:
    """List the members, who has been there longest first. Emails are for admins and owners."""
    return await service.list_members(conn, team_id=team.id, my_role=team.my_role, page=page)


@router.patch(
    "/{team_id}/members/{user_id}",
    summary="Change a member's role",
    responses=payload_problems(
        *_MANAGED,
        exceptions.MemberNotFound,
        exceptions.RoleAboveOwn,
        exceptions.CannotChangeSelf,
        exceptions.LastOwner,
        exceptions.AccountNotInUse,
    ),
)
async def update_member(
    team: TeamOfRoute,
    user_id: UserId,
    user: CurrentUser,
    change: schemas.MemberUpdate,
    conn: Transaction,
) -> Json[schemas.Member]:
    """Give a member another role. Owners are made, and made less, by owners only."""
    return await service.change_role(
        conn, team_id=team.id, actor_id=user.id, user_id=user_id, role=change.role
    )


@router.delete(
    "/{team_id}/members/{user_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a member, or leave",
    responses=payload_problems(
        *_MANAGED, exceptions.MemberNotFound, exceptions.RoleAboveOwn, exceptions.LastOwner
    ),
)
async def remove_member(
    team: TeamOfRoute, user_id: UserId, user: CurrentUser, conn: Transaction
) -> None:
    """Take a member out of the team; everybody may leave it, but for its last owner."""
    if user_id == user.id:
        await service.leave(conn, team_id=team.id, user_id=user.id)
    else:
        await service.remove(conn, team_id=team.id, actor_id=user.id, user_id=user_id)


@router.post(
    "/{team_id}/transfer-ownership",
    summary="Transfer the ownership",
    responses=payload_problems(
        *_MANAGED,
        FreshLoginRequired,
        exceptions.CannotChangeSelf,
        exceptions.NotAMember,
        exceptions.AccountNotInUse,
    ),
)
async def transfer_ownership(
    team: TeamOfRoute,
    user: CurrentUser,
    transfer: schemas.OwnershipTransfer,
    conn: Transaction,
    response: Response,
) -> Json[schemas.Team]:
    """Make another member owner and yourself something less, in one step."""
    changed = await service.transfer(
        conn,
        team_id=team.id,
        actor_id=user.id,
        user_id=transfer.user_id,
        own_role=transfer.demote_self_to,
    )
    return _sent(response, changed)


@router.get(
    "/{team_id}/audit-log",
    summary="What has happened in a team",
    responses=payload_problems(*_MANAGED, InvalidCursor),
)
async def list_team_events(
    team: TeamOfRoute,
    conn: Database,
    page: PageRequest,
    action: Annotated[Action | None, Query(description="Only events of this kind.")] = None,
    actor_id: Annotated[UserId | None, Query(description="Only what this user did.")] = None,
) -> Json[Page[schemas.TeamEvent]]:
    """List who did what in the team, newest first."""
    return await service.list_events(
        conn, team_id=team.id, action=action, actor_id=actor_id, page=page
    )


def _sent(response: Response, team: schemas.TeamVersion) -> Json[schemas.Team]:
    response.headers["ETag"] = f'"{team.version}"'
    return team.body


@people_router.get(
    "/{user_id}",
    summary="Somebody I share a team with",
    responses=payload_problems(InvalidToken, UserNotFound),
)
async def get_person(user_id: UserId, user: CurrentUser, conn: Database) -> Json[schemas.Person]:
    """Show what members of a team see of each other. To others there is no such user."""
    return await service.get_person(conn, user_id=user_id, caller_id=user.id)
