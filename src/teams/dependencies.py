"""The team of a route, and what its caller may do there."""

from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import CurrentUser
from src.dependencies import Deciding
from src.teams import exceptions, schemas, service
from src.teams.constants import Role


async def visible_team(team_id: schemas.TeamId, user: CurrentUser, conn: Deciding) -> schemas.Team:
    return await service.get(conn, team_id=team_id, user_id=user.id)


VisibleTeam = Annotated[schemas.Team, Depends(visible_team)]


async def editable_team(team: VisibleTeam) -> schemas.Team:
    if not team.my_role.includes(Role.EDITOR):
        raise exceptions.RoleTooLow()
    return team


EditableTeam = Annotated[schemas.Team, Depends(editable_team)]
