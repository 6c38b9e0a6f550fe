"""Passwords and refresh tokens."""

from typing import Any
from uuid import uuid4

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from bench.peers import schemas, shared, statements
from bench.peers.textbook.base import Conn, app, one


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
