"""Submissions and their answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import HTTPException, Query
from psycopg import errors
from psycopg.types.json import Jsonb

from bench.peers import schemas, scoring, shared, statements
from bench.peers.textbook.base import Conn, Role, User, app, one

forms: dict[tuple[UUID, UUID, UUID], scoring.Form] = {}


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
        forms[key] = scoring.form(row["id"], row["content"])
    payload = {name: entry.model_dump() for name, entry in part.payload.items()}
    try:
        scores = scoring.assessed(forms[key], payload)
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
            scoring.part_sha256(submission_id, part.model_dump()), Jsonb(scores), *times,
        )  # fmt: skip
    except errors.UniqueViolation as exc:
        raise HTTPException(409, "these ids are taken") from exc
    return {**(row or {}), "version_id": part.version_id}
