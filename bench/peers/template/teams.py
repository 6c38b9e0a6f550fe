"""The caller's account, and teams."""

from typing import Any
from uuid import UUID

from fastapi import HTTPException
from sqlmodel import func, select

from bench.peers import schemas
from bench.peers.template.base import CurrentUser, SessionDep, app
from bench.peers.template.models import AuditEvent, Team, TeamMember


@app.get("/v1/users/me", response_model=schemas.User)
def read_me(user: CurrentUser) -> Any:
    return user


@app.get("/v1/teams/{team_id}", response_model=schemas.Team)
def read_team(team_id: UUID, session: SessionDep, user: CurrentUser) -> Any:
    member = session.get(TeamMember, (team_id, user.id))
    if member is None:
        raise HTTPException(404, "no such team")
    members = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team_id)
    team = session.get_one(Team, team_id)
    count = session.exec(members).one()
    return {**team.model_dump(), "my_role": member.role, "member_count": count}


@app.post("/v1/teams", status_code=201, response_model=schemas.Team)
def create_team(new: schemas.TeamCreate, session: SessionDep, user: CurrentUser) -> Any:
    team = Team(name=new.name)
    session.add(team)
    session.flush()
    session.add(TeamMember(team_id=team.id, account_id=user.id, role="owner"))
    session.add(
        AuditEvent(actor_id=user.id, team_id=team.id, action="team.created", object_id=team.id)
    )
    session.commit()
    session.refresh(team)
    return {**team.model_dump(), "my_role": "owner", "member_count": 1}
