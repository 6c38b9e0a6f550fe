"""FastAPI and psycopg as their documentation teaches: a pool, a transaction a request, models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from bench.peers import schemas, shared, statements

Connection = AsyncConnection[DictRow]
forms: dict[tuple[UUID, UUID, UUID], shared.Form] = {}


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


@app.get("/v1/applets/{applet_id}/submissions", response_model=schemas.Page[schemas.Submission])
async def list_submissions(
    applet_id: UUID,
    role: Role,
    conn: Conn,
    include: Literal["answers"],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    if role not in {"admin", "owner"}:
        raise HTTPException(403, "admins only")
    cursor = await conn.execute(statements.SUBMISSIONS, (applet_id, limit + 1))
    rows = await cursor.fetchall()
    items = {row["id"]: {**row, "answers": []} for row in rows[:limit]}
    cursor = await conn.execute(statements.ANSWERS, (applet_id, list(items)))
    for answer in await cursor.fetchall():
        item = items[answer["submission_id"]]
        item["answers"].append({**answer, "version_id": item["version_id"]})
    has_more, last = len(rows) > limit, rows[min(limit, len(rows)) - 1]
    next_cursor = shared.cursor(last["received_at"], last["id"]) if has_more else None
    return {"items": list(items.values()), "next_cursor": next_cursor}


@app.put(
    "/v1/applets/{applet_id}/submissions/{submission_id}/answers/{answer_id}",
    status_code=201,
    response_model=schemas.Answer,
)
async def put_answer(
    applet_id: UUID, submission_id: UUID, answer_id: UUID, part: schemas.Part,
    user: User, _: Role, conn: Conn,
) -> Any:  # fmt: skip
    key = applet_id, part.version_id, part.activity_id
    if key not in forms:
        row = await one(conn, statements.FORM, *key)
        if row is None:
            raise HTTPException(422, "no such form")
        forms[key] = shared.form(row["id"], row["content"])
    payload = {name: entry.model_dump() for name, entry in part.payload.items()}
    try:
        scores = shared.assessed(forms[key], payload)
    except shared.Refused as exc:
        raise HTTPException(422, str(exc)) from exc
    times = part.started_at, part.ended_at
    try:
        await conn.execute(
            statements.ADD_SUBMISSION,
            (applet_id, submission_id, part.version_id, user.id, *times, part.zone),
        )
        row = await one(
            conn, statements.ADD_ANSWER, applet_id, answer_id, submission_id, part.activity_id,
            forms[key].revision_id, Jsonb(payload),
            shared.part_sha256(submission_id, part.model_dump()), Jsonb(scores), *times,
        )  # fmt: skip
    except errors.UniqueViolation as exc:
        raise HTTPException(409, "these ids are taken") from exc
    return {**(row or {}), "version_id": part.version_id}


@app.post("/v1/auth/login", response_model=schemas.SignedIn)
async def log_in(login: schemas.Login, request: Request) -> Any:
    async with request.app.state.pool.connection() as conn:  # not held while hashing
        user = await one(conn, statements.CREDENTIALS, login.identifier)
    hashed = user["hash"] if user else ""
    if not user or not await run_in_threadpool(shared.is_password, hashed, login.password):
        raise HTTPException(401, "invalid credentials")
    session_id = uuid4()
    key, sealed = shared.new_refresh_key(session_id)
    values = session_id, user["id"], sealed, shared.IDLE, shared.ABSOLUTE
    async with request.app.state.pool.connection() as conn:
        row = await one(conn, statements.ADD_SESSION, *values) or {}
    tokens = shared.tokens(key, user["id"], session_id, 0, row["refresh_expires_at"])
    return {"user": user, "tokens": tokens}


@app.post("/v1/auth/token/refresh", response_model=schemas.Refreshed)
async def refresh(sent: schemas.Refresh, conn: Conn) -> Any:
    try:
        session_id = shared.session_of_refresh(sent.refresh_token)
        session = await one(conn, statements.LOCK_SESSION, session_id)
        key = shared.checked_refresh_key(session_id, sent.refresh_token, session or {})
    except (shared.Refused, KeyError) as exc:
        raise HTTPException(401, "invalid refresh token") from exc
    row = await one(conn, statements.ROTATE_SESSION, shared.IDLE, session_id)
    counter, expires_at = session["refresh_counter"] + 1, row["refresh_expires_at"]
    return {"tokens": shared.tokens(key, session["account_id"], session_id, counter, expires_at)}


if __name__ == "__main__":
    shared.serve(app)
