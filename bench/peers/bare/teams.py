"""The caller's account, and teams."""

from uuid import UUID

from pydantic import TypeAdapter

from bench.peers import schemas, statements
from bench.peers.bare.base import Refused, Scope, caller, one, pool

USER, TEAM = TypeAdapter(schemas.User), TypeAdapter(schemas.Team)


async def get_me(scope: Scope, _: bytes) -> tuple[int, bytes]:
    async with pool.connection() as conn:
        return 200, USER.dump_json(schemas.User(**await caller(conn, scope)))


async def get_team(scope: Scope, _: bytes, team: str) -> tuple[int, bytes]:
    async with pool.connection() as conn:
        row = await one(conn, statements.TEAM, UUID(team), (await caller(conn, scope))["id"])
    if row is None:
        raise Refused(404)
    return 200, TEAM.dump_json(schemas.Team(**row))


async def create_team(scope: Scope, body: bytes) -> tuple[int, bytes]:
    new = schemas.TeamCreate.model_validate_json(body)
    async with pool.connection() as conn, conn.transaction():
        user = await caller(conn, scope)
        team = await one(conn, statements.ADD_TEAM, new.name)
        await conn.execute(statements.ADD_OWNER, (team["id"], user["id"]))
        await conn.execute(statements.ADD_EVENT, (user["id"], team["id"], team["id"]))
    return 201, TEAM.dump_json(schemas.Team(**team, my_role="owner", member_count=1))
