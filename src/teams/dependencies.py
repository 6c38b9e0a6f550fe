"""The team of a route, and whether its caller may do there what the route does."""

from typing import Annotated

from fastapi import Depends, Header, Request

from src.auth.dependencies import CurrentUser
from src.dependencies import Deciding
from src.permissions import Role, enforces
from src.routing import permission_of
from src.teams import exceptions, schemas, service


def check_role(request: Request, my_role: Role) -> None:
    """Raise RoleTooLow unless the route demands no more than this role."""
    demanded = permission_of(request).role
    if demanded is not None and not my_role.includes(demanded):
        raise exceptions.RoleTooLow()


@enforces("team")
async def team_of_route(
    request: Request, team_id: schemas.TeamId, user: CurrentUser, conn: Deciding
) -> schemas.MyTeam:
    """The team of the address, to somebody with the role that the route demands.

    Raises TeamNotFound for who is not a member, RoleTooLow for who may see the team only.
    """
    team = await service.get(conn, team_id=team_id, user_id=user.id)
    check_role(request, team.my_role)
    return team


TeamOfRoute = Annotated[schemas.MyTeam, Depends(team_of_route)]


@enforces("team", up_to=Role.VIEWER)
async def shown_team(
    team_id: schemas.TeamId, user: CurrentUser, conn: Deciding
) -> schemas.TeamVersion:
    """The team of the address as its members see it, in the one statement that also asks for one.

    Raises TeamNotFound for who is not a member.
    """
    return await service.show(conn, team_id=team_id, user_id=user.id)


ShownTeam = Annotated[schemas.TeamVersion, Depends(shown_team)]


@enforces("team", is_deleted=True)
async def deleted_team_of_route(
    team_id: schemas.TeamId, user: CurrentUser, conn: Deciding
) -> schemas.MyTeam:
    """The deleted team of the address, to an owner who may still restore it.

    Raises TeamNotFound for everybody else, and for a team that has not been deleted.
    """
    return await service.get_deleted(conn, team_id=team_id, user_id=user.id)


DeletedTeamOfRoute = Annotated[schemas.MyTeam, Depends(deleted_team_of_route)]

_NO_VERSION = -1


async def expected_version(
    if_match: Annotated[
        str | None, Header(description="ETag of the team as you have read it; `*` for any.")
    ] = None,
) -> int | None:
    """The state of the team that the caller has read; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    # Digits that fit a bigint; anything else is a state that the team never had.
    is_number = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if is_number else _NO_VERSION


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
