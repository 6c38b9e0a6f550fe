"""Submissions and their answers."""

import json
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from bench.peers import schemas, scoring, shared, statements
from bench.peers.bare.base import Refused, Scope, caller, one, pool

ANSWER = TypeAdapter(schemas.Answer)
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
forms: dict[tuple[UUID, UUID, UUID], scoring.Form] = {}


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
            forms[key] = scoring.form(row["id"], row["content"])
        payload = {name: entry.model_dump() for name, entry in part.payload.items()}
        scores = scoring.assessed(forms[key], payload)
        times = part.started_at, part.ended_at
        await conn.execute(
            statements.ADD_SUBMISSION,
            (applet_id, submission_id, part.version_id, user["id"], *times, part.zone),
        )
        row = await one(
            conn, statements.ADD_ANSWER, applet_id, UUID(answer), submission_id, part.activity_id,
            forms[key].revision_id, Jsonb(payload),
            scoring.part_sha256(submission_id, part.model_dump()), Jsonb(scores), *times,
        )  # fmt: skip
    return 201, ANSWER.dump_json(schemas.Answer(**row, version_id=part.version_id))
