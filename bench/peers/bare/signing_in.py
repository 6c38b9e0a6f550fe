"""Passwords and refresh tokens."""

import asyncio
from uuid import uuid4

from pydantic import TypeAdapter

from bench.peers import schemas, shared, statements
from bench.peers.bare.base import Refused, Scope, one, pool

SIGNED_IN, REFRESHED = TypeAdapter(schemas.SignedIn), TypeAdapter(schemas.Refreshed)


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
