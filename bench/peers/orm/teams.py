"""The caller's account, and teams."""

from typing import Any
from uuid import UUID

from fastapi import HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from bench.peers import schemas
from bench.peers.orm.base import Db, User, app
from bench.peers.orm.models import AuditEvent, Team, TeamMember


@app.get("/v1/users/me", response_model=schemas.User)
async def get_me(user: User) -> Any:
    return user


@app.get("/v1/teams/{team_id}", response_model=schemas.Team)
async def get_team(team_id: UUID, user: User, db: Db) -> Any:
    member = await db.scalar(
        select(TeamMember)
        .options(joinedload(TeamMember.team))
        .where(TeamMember.team_id == team_id, TeamMember.account_id == user.id)
    )
    if member is None:
        raise HTTPException(404, "no such team")
    count = await db.scalar(
        select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team_id)
    )
    return member.team.seen(role=member.role, count=count)


@app.post("/v1/teams", status_code=201, response_model=schemas.Team)
async def create_team(new: schemas.TeamCreate, user: User, db: Db) -> Any:
    team = Team(name=new.name)
    team.members.append(TeamMember(account_id=user.id, role="owner"))
    db.add(team)
    await db.flush()
    db.add(AuditEvent.of(user.id, team.id))
    await db.flush()
    return team.seen(role="owner", count=1)
