"""Passwords and refresh tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select

from bench.peers import schemas, shared
from bench.peers.orm.base import Db, app, sessions
from bench.peers.orm.models import Account, Login, Password


@app.post("/v1/auth/login", response_model=schemas.SignedIn)
async def log_in(login: schemas.Login) -> Any:
    async with sessions() as db:  # not held while hashing
        query = select(Account, Password).join(Password)
        found = (await db.execute(query.where(Account.has_email(login.identifier)))).first()
    if found is None or not await run_in_threadpool(
        shared.is_password, found[1].hash, login.password
    ):
        raise HTTPException(401, "invalid credentials")
    session_id, user = uuid4(), found[0]
    key, sealed = shared.new_refresh_key(session_id)
    now = datetime.now(UTC)
    async with sessions() as db, db.begin():
        idle_until = now + timedelta(days=21)
        db.add(
            Login(
                id=session_id,
                account_id=user.id,
                transport="bearer",
                refresh_key=sealed,
                auth_methods=["pwd"],
                idle_expires_at=idle_until,
                expires_at=now + timedelta(days=30),
            )
        )
    return {"user": user, "tokens": shared.tokens(key, user.id, session_id, 0, idle_until)}


@app.post("/v1/auth/token/refresh", response_model=schemas.Refreshed)
async def refresh(sent: schemas.Refresh, db: Db) -> Any:
    try:
        session_id = shared.session_of_refresh(sent.refresh_token)
        login = await db.scalar(
            select(Login)
            .join(Account)
            .where(Login.id == session_id, *Login.is_alive())
            .with_for_update(key_share=True, of=Login)
        )
        if login is None:
            raise shared.Refused("no such session")
        stored = {"refresh_key": login.refresh_key, "refresh_counter": login.refresh_counter}
        key = shared.checked_refresh_key(session_id, sent.refresh_token, stored)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid refresh token") from exc
    now = datetime.now(UTC)
    login.refresh_counter += 1
    login.rotated_at = login.last_seen_at = now
    login.idle_expires_at = now + timedelta(days=21)
    await db.flush()
    expires_at = min(login.idle_expires_at, login.expires_at)
    tokens = shared.tokens(key, login.account_id, session_id, login.refresh_counter, expires_at)
    return {"tokens": tokens}
