"""Submissions and their answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import HTTPException, Query
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import select

from bench.peers import schemas, scoring, shared
from bench.peers.template.answer_models import (
    ActivityRevision,
    Answer,
    AppletVersion,
    Submission,
    VersionActivity,
)
from bench.peers.template.base import CurrentUser, Role, SessionDep, app

forms: dict[tuple[UUID, UUID, UUID], scoring.Form] = {}


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
        forms[key] = scoring.form(revision.id, revision.content)
    payload = {name: entry.model_dump() for name, entry in part.payload.items()}
    try:
        scores = scoring.assessed(forms[key], payload)
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
        part_sha256=scoring.part_sha256(submission_id, part.model_dump()),
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
