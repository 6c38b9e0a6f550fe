"""The caller's account, and teams."""

from typing import Any
from uuid import UUID

from fastapi import HTTPException

from bench.peers import schemas, statements
from bench.peers.textbook.base import Conn, User, app, one


@app.get("/v1/users/me", response_model=schemas.User)
async def get_me(user: User) -> schemas.User:
    return user


@app.get("/v1/teams/{team_id}", response_model=schemas.Team)
async def get_team(team_id: UUID, user: User, conn: Conn) -> Any:
    row = await one(conn, statements.TEAM, team_id, user.id)
    if row is None:
        raise HTTPException(404, "no such team")
    return row


@app.post("/v1/teams", status_code=201, response_model=schemas.Team)
async def create_team(new: schemas.TeamCreate, user: User, conn: Conn) -> Any:
    team = await one(conn, statements.ADD_TEAM, new.name)
    assert team is not None  # noqa: S101  (INSERT ... RETURNING)
    await conn.execute(statements.ADD_OWNER, (team["id"], user.id))
    await conn.execute(statements.ADD_EVENT, (user.id, team["id"], team["id"]))
    return {**team, "my_role": "owner", "member_count": 1}
