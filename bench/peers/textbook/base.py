"""The application: a pool, a transaction a request, and who calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from bench.peers import schemas, shared, statements

Connection = AsyncConnection[DictRow]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncConnectionPool(
        shared.DATABASE_URL, max_size=shared.POOL_SIZE, kwargs={"row_factory": dict_row}, open=False
    ) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


async def connection(request: Request) -> AsyncIterator[Connection]:
    async with request.app.state.pool.connection() as conn:
        yield conn


# Committed before the answer is sent, as with the other contenders.
Conn = Annotated[Connection, Depends(connection, scope="function")]


async def one(conn: Connection, statement: Any, *values: object) -> DictRow | None:
    return await (await conn.execute(statement, values)).fetchone()


async def current_user(
    conn: Conn, sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> schemas.User:
    try:
        session_id = shared.session_of(sent.credentials)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid token") from exc
    row = await one(conn, statements.CALLER, session_id)
    if row is None:
        raise HTTPException(401, "invalid token")
    return schemas.User(**row)


User = Annotated[schemas.User, Depends(current_user)]


async def applet_role(applet_id: UUID, user: User, conn: Conn) -> str:
    row = await one(conn, statements.ROLE, applet_id, user.id)
    if row is None:
        raise HTTPException(404, "no such applet")
    return str(row["role"])


Role = Annotated[str, Depends(applet_role)]
