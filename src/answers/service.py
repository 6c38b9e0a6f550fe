"""Taking answers in and reading them, inside the caller's transaction.

A client makes the ids, so what it sends again is recognised: the same again changes nothing,
anything else under the same id is a conflict.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.answers import exceptions, store
from src.answers.constants import FIRST_STEP
from src.answers.forms import TransactionForms
from src.answers.schemas import (
    Answer,
    AnswerId,
    Collected,
    Part,
    Submission,
    SubmissionId,
    SubmissionWithAnswers,
)
from src.applets import service as applets_service
from src.applets.schemas import AppletId, Assessment
from src.database import Connection
from src.exceptions import CoreError, FieldError, Invalid, Unavailable
from src.pagination import PageRequest, Place
from src.schemas import Page
from src.users.schemas import UserId

_TRIES = 10
"""How often parts are tried that race with the same parts sent elsewhere."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A part that has passed every check, as it will be kept."""

    submission_id: SubmissionId
    answer_id: AnswerId
    sha256: bytes
    assessment: Assessment
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that is in the database; `is_new` tells whether this request put it there."""

    part: Prepared
    is_new: bool


class _Raced(Exception):
    """Somebody else has just sent some of the same parts."""


async def prepare(
    conn: Connection,
    forms: TransactionForms,
    *,
    applet_id: AppletId,
    submission_id: SubmissionId,
    answer_id: AnswerId,
    part: Part,
) -> Prepared:
    """Check a part against the exact version it names. Raises Invalid with all its errors."""
    revision = await forms.revision(
        conn, applet_id=applet_id, version_id=part.version_id, activity_id=part.activity_id
    )
    assessment = applets_service.assess(revision.form, part.payload)
    digest = part_sha256(submission_id, part)
    row = {
        "submission_id": str(submission_id),
        "answer_id": str(answer_id),
        "version_id": str(part.version_id),
        "activity_id": str(part.activity_id),
        "revision_id": str(revision.id),
        "payload": assessment.values,
        "part_sha256": digest.hex(),
        "scores": assessment.scores,
        "warnings": [
            {"pointer": warning.pointer, "code": warning.code, "detail": warning.detail}
            for warning in assessment.warnings
        ],
        "started_at": part.started_at.isoformat(),
        "ended_at": part.ended_at.isoformat(),
        "zone": part.zone,
    }
    return Prepared(submission_id, answer_id, digest, assessment, row)


def part_sha256(submission_id: SubmissionId, part: Part) -> bytes:
    """The hash of everything that was sent: equal hashes mean the same part sent again.

    Raises Invalid for a payload that is nested too deep to be written.
    """
    sent = {
        "submission_id": str(submission_id),
        "version_id": str(part.version_id),
        "activity_id": str(part.activity_id),
        "started_at": part.started_at.timestamp(),
        "ended_at": part.ended_at.timestamp(),
        "zone": part.zone,
        "payload": part.payload,
    }
    try:
        text = json.dumps(sent, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except RecursionError as exc:
        raise Invalid(
            errors=[FieldError("/payload", "too_deep", "The payload is nested too deep.")]
        ) from exc
    return hashlib.sha256(text.encode()).digest()


async def keep(
    conn: Connection, *, applet_id: AppletId, user_id: UserId, parts: Sequence[Prepared]
) -> list[Kept | CoreError]:
    """Keep every part that can be kept; for each, what became of it, in their order."""
    for _ in range(_TRIES):
        outcomes = await _classify(conn, applet_id=applet_id, user_id=user_id, parts=parts)
        # In one order everywhere: batches that overlap wait for each other, and never in a circle.
        new = sorted(
            (outcome.part for outcome in outcomes if isinstance(outcome, Kept) and outcome.is_new),
            key=lambda part: part.submission_id,
        )
        if not new:
            return outcomes
        try:
            async with conn.transaction():
                added = await store.add_parts(
                    conn,
                    applet_id=applet_id,
                    user_id=user_id,
                    step=FIRST_STEP,
                    parts=[part.row for part in new],
                )
                if len(added) != len(new):
                    raise _Raced()
        except _Raced:
            continue  # the winner has committed by now: the next look sees its parts
        return outcomes
    raise Unavailable()


async def _classify(
    conn: Connection, *, applet_id: AppletId, user_id: UserId, parts: Sequence[Prepared]
) -> list[Kept | CoreError]:
    """What each part is: new, the same again, or in conflict. Parts of one batch meet here too."""
    # Submissions first: the answers of those that are seen here can be seen by the next statement.
    owners = {
        owner.id: owner.respondent_id
        for owner in await store.list_owners(
            conn, applet_id=applet_id, submission_ids=[part.submission_id for part in parts]
        )
    }
    known = {}
    for answer in await store.list_known_answers(
        conn, applet_id=applet_id, answer_ids=[part.answer_id for part in parts]
    ):
        known[answer.id] = answer.submission_id, answer.part_sha256
        owners[answer.submission_id] = answer.respondent_id
    outcomes: list[Kept | CoreError] = []
    for part in parts:
        owner = owners.get(part.submission_id)
        earlier = known.get(part.answer_id)
        if owner is not None and owner != user_id:
            outcomes.append(exceptions.SubmissionNotFound())
        elif earlier is not None:
            is_same = earlier == (part.submission_id, part.sha256)
            outcomes.append(Kept(part, is_new=False) if is_same else exceptions.AnswerConflict())
        elif owner is not None:
            outcomes.append(exceptions.StepTaken())
        else:
            known[part.answer_id] = part.submission_id, part.sha256
            owners[part.submission_id] = user_id
            outcomes.append(Kept(part, is_new=True))
    return outcomes


async def submit(
    conn: Connection,
    forms: TransactionForms,
    *,
    applet_id: AppletId,
    user_id: UserId,
    submission_id: SubmissionId,
    answer_id: AnswerId,
    part: Part,
) -> tuple[Answer, bool]:
    """Keep one part; returns it as kept, and whether it is new.

    Raises Invalid, SubmissionNotFound, AnswerConflict or StepTaken.
    """
    prepared = await prepare(
        conn,
        forms,
        applet_id=applet_id,
        submission_id=submission_id,
        answer_id=answer_id,
        part=part,
    )
    (outcome,) = await keep(conn, applet_id=applet_id, user_id=user_id, parts=[prepared])
    if isinstance(outcome, CoreError):
        raise outcome
    answer = await store.get_answer(conn, applet_id=applet_id, answer_id=answer_id)
    return answer, outcome.is_new


async def list_submissions(
    conn: Connection, *, applet_id: AppletId, respondent_id: UserId | None, page: PageRequest
) -> Page[Submission]:
    """Submissions in the order of their arrival; with `respondent_id`, only that person's."""
    place = page.place()
    submissions = await store.list_submissions(
        conn,
        applet_id=applet_id,
        respondent_id=respondent_id,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.fetch,
    )
    return page.page(submissions, lambda submission: Place(submission.received_at, submission.id))


async def get_submission(
    conn: Connection,
    *,
    applet_id: AppletId,
    submission_id: SubmissionId,
    respondent_id: UserId | None,
) -> SubmissionWithAnswers:
    """A submission with its answers; with `respondent_id`, only if it is that person's."""
    submission = await store.get_submission(
        conn, applet_id=applet_id, submission_id=submission_id, respondent_id=respondent_id
    )
    answers = await store.list_answers(conn, applet_id=applet_id, submission_id=submission_id)
    return SubmissionWithAnswers(submission=submission, answers=answers)


def stream_collected(conn: Connection, *, applet_id: AppletId) -> AsyncIterator[Collected]:
    """Every submission with its answers, in the order of arrival, at constant memory.

    The caller holds a transaction.
    """
    return store.stream_collected(conn, applet_id=applet_id)
