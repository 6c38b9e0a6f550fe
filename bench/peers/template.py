"""FastAPI's own template: sync path operations and SQLModel, a session a request."""

from collections.abc import Generator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import Session, create_engine, func, select

from bench.peers import schemas, shared
from bench.peers.template_models import (
    Account,
    ActivityRevision,
    Answer,
    Applet,
    AppletVersion,
    AuditEvent,
    Login,
    Submission,
    Team,
    TeamMember,
    VersionActivity,
)

# The engine as the template makes it: the pool and its limits are the defaults.
engine = create_engine(urlsplit(shared.DATABASE_URL)._replace(scheme="postgresql+psycopg").geturl())
bearer = OAuth2PasswordBearer(tokenUrl="/v1/auth/login")
forms: dict[tuple[UUID, UUID, UUID], shared.Form] = {}
app = FastAPI()


def get_db() -> Generator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]


def get_current_user(session: SessionDep, token: Annotated[str, Depends(bearer)]) -> Account:
    try:
        session_id = shared.session_of(token)
    except shared.Refused as exc:
        raise HTTPException(401, "invalid token") from exc
    query = select(Account).join(Login).where(Login.id == session_id, *Login.is_alive())
    user = session.exec(query).first()
    if user is None:
        raise HTTPException(401, "invalid token")
    return user


CurrentUser = Annotated[Account, Depends(get_current_user)]


def get_role(applet_id: UUID, session: SessionDep, user: CurrentUser) -> str:
    query = select(TeamMember.role).join(Applet, Applet.team_id == TeamMember.team_id)
    role = session.exec(
        query.where(Applet.id == applet_id, TeamMember.account_id == user.id)
    ).first()
    if role is None:
        raise HTTPException(404, "no such applet")
    return role


Role = Annotated[str, Depends(get_role)]


@app.get("/v1/users/me", response_model=schemas.User)
def read_me(user: CurrentUser) -> Any:
    return user


@app.get("/v1/teams/{team_id}", response_model=schemas.Team)
def read_team(team_id: UUID, session: SessionDep, user: CurrentUser) -> Any:
    member = session.get(TeamMember, (team_id, user.id))
    if member is None:
        raise HTTPException(404, "no such team")
    members = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team_id)
    team = session.get_one(Team, team_id)
    count = session.exec(members).one()
    return {**team.model_dump(), "my_role": member.role, "member_count": count}


@app.post("/v1/teams", status_code=201, response_model=schemas.Team)
def create_team(new: schemas.TeamCreate, session: SessionDep, user: CurrentUser) -> Any:
    team = Team(name=new.name)
    session.add(team)
    session.flush()
    session.add(TeamMember(team_id=team.id, account_id=user.id, role="owner"))
    session.add(
        AuditEvent(actor_id=user.id, team_id=team.id, action="team.created", object_id=team.id)
    )
    session.commit()
    session.refresh(team)
    return {**team.model_dump(), "my_role": "owner", "member_count": 1}


@app.get("/v1/applets/{applet_id}/submissions", response_model=schemas.Page[schemas.Submission])
def read_submissions(
    applet_id: UUID,
    role: Role,
    session: SessionDep,
    include: Literal["answers"],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    if role not in {"admin", "owner"}:
        raise HTTPException(403, "admins only")
    query = (
        select(Submission)
        .options(joinedload(Submission.version), selectinload(Submission.answers))
        .where(Submission.applet_id == applet_id)
        .order_by(Submission.received_at, Submission.id)
        .limit(limit + 1)
    )
    rows = session.exec(query).all()
    last = rows[min(limit, len(rows)) - 1]
    next_cursor = shared.cursor(last.received_at, last.id) if len(rows) > limit else None
    return {"items": rows[:limit], "next_cursor": next_cursor}


@app.put(
    "/v1/applets/{applet_id}/submissions/{submission_id}/answers/{answer_id}",
    status_code=201,
    response_model=schemas.Answer,
)
def put_answer(
    applet_id: UUID, submission_id: UUID, answer_id: UUID, part: schemas.Part,
    session: SessionDep, user: CurrentUser, _: Role,
) -> Any:  # fmt: skip
    key = applet_id, part.version_id, part.activity_id
    if key not in forms:
        query = (
            select(ActivityRevision)
            .join(VersionActivity, VersionActivity.activity_revision_id == ActivityRevision.id)
            .join(AppletVersion, AppletVersion.id == VersionActivity.applet_version_id)
            .where(AppletVersion.applet_id == applet_id, AppletVersion.id == part.version_id)
            .where(VersionActivity.activity_id == part.activity_id)
        )
        revision = session.exec(query).first()
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
        applet_version_id=part.version_id,
        account_id=user.id,
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
        activity_revision_id=forms[key].revision_id,
        payload=payload,
        part_sha256=shared.part_sha256(submission_id, part.model_dump()),
        scores=scores,
        warnings=[],
        started_at=part.started_at,
        ended_at=part.ended_at,
        submission=submission,
    )
    session.add(answer)
    try:
        session.commit()
    except IntegrityError as exc:
        raise HTTPException(409, "these ids are taken") from exc
    session.refresh(answer)
    return answer


if __name__ == "__main__":
    shared.serve(app)
