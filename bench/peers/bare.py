"""No framework: ASGI and a psycopg pool, JSON built by PostgreSQL where it is a list."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from pydantic import TypeAdapter, ValidationError

from bench.peers import schemas, shared, statements

Scope = dict[str, Any]
USER, TEAM, ANSWER, SIGNED_IN, REFRESHED = (
    TypeAdapter(model)
    for model in (
        schemas.User, schemas.Team, schemas.Answer, schemas.SignedIn, schemas.Refreshed,
    )
)  # fmt: skip
LIST = f"""
    WITH page AS ({statements.SUBMISSIONS}), item AS (
        SELECT page.*,
               (SELECT json_agg(row_to_json(part) ORDER BY part.id)
                  FROM (SELECT answer.id, submission_id, page.version_id, activity_id,
                               activity_revision_id AS revision_id, payload, scores, warnings,
                               answer.started_at, answer.ended_at, answer.received_at
                          FROM answer
                         WHERE answer.applet_id = %s
                           AND answer.submission_id = page.id) AS part) AS answers
          FROM page
         ORDER BY page.received_at, page.id
         LIMIT %s
    )
    SELECT json_agg(row_to_json(item) ORDER BY item.received_at, item.id)::text AS items,
           (SELECT count(*) FROM page) > count(*) AS has_more, max(item.received_at) AS at,
           (array_agg(item.id ORDER BY item.received_at, item.id))[count(*)] AS id
      FROM item
"""
pool = AsyncConnectionPool(
    shared.DATABASE_URL,
    max_size=shared.POOL_SIZE,
    kwargs={"row_factory": dict_row, "autocommit": True},
    open=False,
)
forms: dict[tuple[UUID, UUID, UUID], shared.Form] = {}


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


async def one(conn: AsyncConnection[DictRow], statement: Any, *values: object) -> Any:
    return await (await conn.execute(statement, values, prepare=True)).fetchone()


async def caller(conn: AsyncConnection[DictRow], scope: Scope) -> Any:
    token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    row = await one(conn, statements.CALLER, shared.session_of(token[7:].decode()))
    if row is None:
        raise Refused(401)
    return row


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


async def list_submissions(scope: Scope, _: bytes, applet: str) -> tuple[int, bytes]:
    query = dict(pair.split("=") for pair in scope["query_string"].decode().split("&"))
    limit, applet_id = int(query.get("limit", "50")), UUID(applet)
    async with pool.connection() as conn:
        role = await one(conn, statements.ROLE, applet_id, (await caller(conn, scope))["id"])
        if role is None or role["role"] not in {"admin", "owner"}:
            raise Refused(404)
        row = await one(conn, LIST, applet_id, limit + 1, applet_id, limit)
    next_cursor = shared.cursor(row["at"], row["id"]) if row["has_more"] else None
    body = f'{{"items":{row["items"]},"next_cursor":{json.dumps(next_cursor)}}}'
    return 200, body.encode()


async def put_answer(
    scope: Scope, body: bytes, applet: str, submission: str, answer: str
) -> tuple[int, bytes]:
    part = schemas.Part.model_validate_json(body)
    applet_id, submission_id = UUID(applet), UUID(submission)
    key = applet_id, part.version_id, part.activity_id
    async with pool.connection() as conn, conn.transaction():
        user = await caller(conn, scope)
        if await one(conn, statements.ROLE, applet_id, user["id"]) is None:
            raise Refused(404)
        if key not in forms:
            row = await one(conn, statements.FORM, *key)
            forms[key] = shared.form(row["id"], row["content"])
        payload = {name: entry.model_dump() for name, entry in part.payload.items()}
        scores = shared.assessed(forms[key], payload)
        times = part.started_at, part.ended_at
        await conn.execute(
            statements.ADD_SUBMISSION,
            (applet_id, submission_id, part.version_id, user["id"], *times, part.zone),
        )
        row = await one(
            conn, statements.ADD_ANSWER, applet_id, UUID(answer), submission_id, part.activity_id,
            forms[key].revision_id, Jsonb(payload),
            shared.part_sha256(submission_id, part.model_dump()), Jsonb(scores), *times,
        )  # fmt: skip
    return 201, ANSWER.dump_json(schemas.Answer(**row, version_id=part.version_id))


async def log_in(_: Scope, body: bytes) -> tuple[int, bytes]:
    login = schemas.Login.model_validate_json(body)
    async with pool.connection() as conn:
        user = await one(conn, statements.CREDENTIALS, login.identifier)
    if user is None or not await asyncio.to_thread(
        shared.is_password, user["hash"], login.password
    ):
        raise Refused(401)
    session_id = uuid4()
    key, sealed = shared.new_refresh_key(session_id)
    values = session_id, user["id"], sealed, shared.IDLE, shared.ABSOLUTE
    async with pool.connection() as conn:
        row = await one(conn, statements.ADD_SESSION, *values)
    tokens = shared.tokens(key, user["id"], session_id, 0, row["refresh_expires_at"])
    return 200, SIGNED_IN.dump_json(schemas.SignedIn(user=user, tokens=tokens))


async def refresh(_: Scope, body: bytes) -> tuple[int, bytes]:
    sent = schemas.Refresh.model_validate_json(body).refresh_token
    session_id = shared.session_of_refresh(sent)
    async with pool.connection() as conn, conn.transaction():
        session = await one(conn, statements.LOCK_SESSION, session_id)
        if session is None:
            raise Refused(401)
        key = shared.checked_refresh_key(session_id, sent, session)
        row = await one(conn, statements.ROTATE_SESSION, shared.IDLE, session_id)
    counter, expires_at = session["refresh_counter"] + 1, row["refresh_expires_at"]
    tokens = shared.tokens(key, session["account_id"], session_id, counter, expires_at)
    return 200, REFRESHED.dump_json(schemas.Refreshed(tokens=tokens))


Handler = Callable[..., Awaitable[tuple[int, bytes]]]
ROUTES: dict[tuple[str, ...], Handler] = {
    ("GET", "v1", "users", "me"): get_me,
    ("GET", "v1", "teams", "*"): get_team,
    ("POST", "v1", "teams"): create_team,
    ("GET", "v1", "applets", "*", "submissions"): list_submissions,
    ("PUT", "v1", "applets", "*", "submissions", "*", "answers", "*"): put_answer,
    ("POST", "v1", "auth", "login"): log_in,
    ("POST", "v1", "auth", "token", "refresh"): refresh,
}
WORDS = {word for route in ROUTES for word in route}


async def app(scope: Scope, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    parts = [scope["method"], *scope["path"].split("/")[1:]]
    handler = ROUTES.get(tuple(part if part in WORDS else "*" for part in parts))
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        if handler is None:
            raise Refused(404)
        status, out = await handler(scope, body, *(part for part in parts if part not in WORDS))
    except Refused as exc:
        status, out = exc.status, b"{}"
    except shared.Refused:
        status, out = 401, b"{}"
    except (ValidationError, ValueError) as exc:
        status, out = 422, json.dumps({"detail": str(exc)}).encode()
    except errors.UniqueViolation:
        status, out = 409, b"{}"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(out)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": out})


if __name__ == "__main__":
    shared.serve(app)
