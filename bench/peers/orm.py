"""FastAPI and SQLAlchemy's async ORM on asyncpg, as SQLAlchemy's documentation shows it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from bench.peers import schemas, shared
from bench.peers.orm_models import (
    Account,
    ActivityRevision,
    Answer,
    Applet,
    AppletVersion,
    AuditEvent,
    Login,
    Password,
    Submission,
    Team,
    TeamMember,
    VersionActivity,
)

URL = urlsplit(shared.DATABASE_URL)._replace(scheme="postgresql+asyncpg").geturl()
engine = create_async_engine(URL, pool_size=shared.POOL_SIZE, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
forms: dict[tuple[UUID, UUID, UUID], shared.Form] = {}
app = FastAPI()


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session, session.begin():
        yield session


# Committed before the answer is sent, as with the other contenders.
Db = Annotated[AsyncSession, Depends(database, scope="function")]


async def current_user(
    db: Db, sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> Account:
    try:
        session_id = shared.session_of(sent.credentials)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid token") from exc
    user = await db.scalar(
        select(Account).join(Login).where(Login.id == session_id, *Login.is_alive())
    )
    if user is None:
        raise HTTPException(401, "invalid token")
    return user


User = Annotated[Account, Depends(current_user)]


async def applet_role(applet_id: UUID, user: User, db: Db) -> str:
    role = await db.scalar(
        select(TeamMember.role)
        .join(Applet, Applet.team_id == TeamMember.team_id)
        .where(Applet.id == applet_id, TeamMember.account_id == user.id)
    )
    if role is None:
        raise HTTPException(404, "no such applet")
    return role


Role = Annotated[str, Depends(applet_role)]


@app.get("/v1/users/me", response_model=schemas.User)
async def get_me(user: User) -> Any:
    return user


@app.get("/v1/teams/{team_id}", response_model=schemas.Team)
async def get_team(team_id: UUID, user: User, db: Db) -> Any:
    member = await db.scalar(
        select(TeamMember)
        .options(joinedload(TeamMember.team))
        .where(TeamMember.team_id == team_id, TeamMember.account_id == user.id)
    )
    if member is None:
        raise HTTPException(404, "no such team")
    count = await db.scalar(
        select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team_id)
    )
    return member.team.seen(role=member.role, count=count)


@app.post("/v1/teams", status_code=201, response_model=schemas.Team)
async def create_team(new: schemas.TeamCreate, user: User, db: Db) -> Any:
    team = Team(name=new.name)
    team.members.append(TeamMember(account_id=user.id, role="owner"))
    db.add(team)
    await db.flush()
    db.add(AuditEvent.of(user.id, team.id))
    await db.flush()
    return team.seen(role="owner", count=1)


@app.get("/v1/applets/{applet_id}/submissions", response_model=schemas.Page[schemas.Submission])
async def list_submissions(
    applet_id: UUID,
    role: Role,
    db: Db,
    include: Literal["answers"],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    if role not in {"admin", "owner"}:
        raise HTTPException(403, "admins only")
    found = await db.scalars(
        select(Submission)
        .options(joinedload(Submission.version), selectinload(Submission.answers))
        .where(Submission.applet_id == applet_id)
        .order_by(Submission.received_at, Submission.id)
        .limit(limit + 1)
    )
    rows = found.all()
    last = rows[min(limit, len(rows)) - 1]
    next_cursor = shared.cursor(last.received_at, last.id) if len(rows) > limit else None
    return {"items": rows[:limit], "next_cursor": next_cursor}


@app.put(
    "/v1/applets/{applet_id}/submissions/{submission_id}/answers/{answer_id}",
    status_code=201,
    response_model=schemas.Answer,
)
async def put_answer(
    applet_id: UUID, submission_id: UUID, answer_id: UUID, part: schemas.Part,
    user: User, _: Role, db: Db,
) -> Any:  # fmt: skip
    key = applet_id, part.version_id, part.activity_id
    if key not in forms:
        revision = await db.scalar(
            select(ActivityRevision)
            .join(VersionActivity, VersionActivity.activity_revision_id == ActivityRevision.id)
            .join(AppletVersion, AppletVersion.id == VersionActivity.applet_version_id)
            .where(AppletVersion.applet_id == applet_id, AppletVersion.id == part.version_id)
            .where(VersionActivity.activity_id == part.activity_id)
        )
        if revision is None:
            raise HTTPException(422, "no such form")
        forms[key] = shared.form(revision.id, revision.content)
    payload = {name: entry.model_dump() for name, entry in part.payload.items()}
    try:
        scores = shared.assessed(forms[key], payload)
    except shared.Refused as exc:
        raise HTTPException(422, str(exc)) from exc
    submission = Submission(
        applet_id=applet_id,
        id=submission_id,
        version_id=part.version_id,
        respondent_id=user.id,
        status="complete",
        started_at=part.started_at,
        completed_at=part.ended_at,
        zone=part.zone,
    )
    answer = Answer(
        applet_id=applet_id,
        id=answer_id,
        submission_id=submission_id,
        step=1,
        activity_id=part.activity_id,
        revision_id=forms[key].revision_id,
        payload=payload,
        part_sha256=shared.part_sha256(submission_id, part.model_dump()),
        scores=scores,
        warnings=[],
        started_at=part.started_at,
        ended_at=part.ended_at,
    )
    submission.answers.append(answer)
    db.add(submission)
    try:
        await db.flush()
    except IntegrityError as exc:
        raise HTTPException(409, "these ids are taken") from exc
    return answer


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


if __name__ == "__main__":
    shared.serve(app)
