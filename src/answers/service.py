"""Taking answers in and reading them.

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
    AnswerCells,
    AnswerId,
    Collected,
    ListedSubmission,
    Part,
    SubmissionId,
    SubmissionWithAnswers,
)
from src.applets import service as applets_service
from src.applets.schemas import ActivityId, AppletId, Assessment, Revision, RevisionId
from src.database import Connection, Json, Pools, Transaction
from src.exceptions import CoreError, FieldError, Invalid, Unavailable
from src.pagination import PageRequest
from src.schemas import Page
from src.users.schemas import UserId

_TRIES = 10
"""How often parts are tried that race with the same parts sent elsewhere."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A part that has passed every check, as it will be kept."""

    submission_id: SubmissionId
    answer_id: AnswerId
    part: Part
    revision_id: RevisionId
    sha256: bytes
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that is in the database; `is_new` tells whether this request put it there."""

    part: Prepared
    is_new: bool


class _Raced(Exception):
    """Somebody else has just sent some of the same parts."""


async def prepare(
    conn: Transaction,
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
    return _checked(revision, submission_id, answer_id, part)


def _checked(
    revision: Revision, submission_id: SubmissionId, answer_id: AnswerId, part: Part
) -> Prepared:
    assessment = applets_service.assess(revision.form, part.payload)
    digest = part_sha256(submission_id, part)
    return Prepared(submission_id, answer_id, part, revision.id, digest, assessment)


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
        text = _CANONICAL.encode(sent)
    except RecursionError as exc:
        raise Invalid(
            errors=[FieldError("/payload", "too_deep", "The payload is nested too deep.")]
        ) from exc
    return hashlib.sha256(text.encode()).digest()


async def keep(
    conn: Transaction, *, applet_id: AppletId, user_id: UserId, parts: Sequence[Prepared]
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
                    parts=[_row(part) for part in new],
                )
                if len(added) != len(new):
                    raise _Raced()
        except _Raced:
            continue  # the winner has committed by now: the next look sees its parts
        return outcomes
    raise Unavailable()


async def _classify(
    conn: Transaction, *, applet_id: AppletId, user_id: UserId, parts: Sequence[Prepared]
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


def _row(prepared: Prepared) -> dict[str, Any]:
    """A part as `store.add_parts` takes it."""
    part = prepared.part
    return {
        "submission_id": str(prepared.submission_id),
        "answer_id": str(prepared.answer_id),
        "version_id": str(part.version_id),
        "activity_id": str(part.activity_id),
        "revision_id": str(prepared.revision_id),
        "payload": prepared.assessment.values,
        "part_sha256": prepared.sha256.hex(),
        "scores": prepared.assessment.scores,
        "warnings": _warnings(prepared),
        "started_at": part.started_at.isoformat(),
        "ended_at": part.ended_at.isoformat(),
        "zone": part.zone,
    }


def _warnings(prepared: Prepared) -> list[dict[str, Any]]:
    return [
        {"pointer": warning.pointer, "code": warning.code, "detail": warning.detail}
        for warning in prepared.assessment.warnings
    ]


async def submit(
    conn: Connection,
    pools: Pools,
    forms: TransactionForms,
    *,
    applet_id: AppletId,
    user_id: UserId,
    submission_id: SubmissionId,
    answer_id: AnswerId,
    part: Part,
) -> tuple[Json[Answer], bool]:
    """Keep one part; returns it as kept, and whether it is new.

    One statement, where the ids are new and the form is at hand. All else is decided in a
    transaction. Raises Invalid, SubmissionNotFound, AnswerConflict or StepTaken.
    """
    revision = forms.find(
        applet_id=applet_id, version_id=part.version_id, activity_id=part.activity_id
    )
    if revision is not None:
        prepared = _checked(revision, submission_id, answer_id, part)
        added = await _add(conn, applet_id=applet_id, user_id=user_id, prepared=prepared)
        if added is not None:
            return added, True
    async with pools.write.transaction() as own:
        prepared = await prepare(
            own,
            forms,
            applet_id=applet_id,
            submission_id=submission_id,
            answer_id=answer_id,
            part=part,
        )
        (outcome,) = await keep(own, applet_id=applet_id, user_id=user_id, parts=[prepared])
        if isinstance(outcome, CoreError):
            raise outcome
        answer = await store.get_answer(own, applet_id=applet_id, answer_id=answer_id)
    forms.committed()
    return answer, outcome.is_new


async def _add(
    conn: Connection, *, applet_id: AppletId, user_id: UserId, prepared: Prepared
) -> Json[Answer] | None:
    """Keep a part whose ids are new; None where one of them is not."""
    part, assessment = prepared.part, prepared.assessment
    try:
        return await store.add_part(
            conn,
            applet_id=applet_id,
            user_id=user_id,
            submission_id=prepared.submission_id,
            answer_id=prepared.answer_id,
            step=FIRST_STEP,
            version_id=part.version_id,
            activity_id=part.activity_id,
            revision_id=prepared.revision_id,
            payload=assessment.values,
            sha256=prepared.sha256,
            scores=assessment.scores,
            warnings=_warnings(prepared),
            started_at=part.started_at,
            ended_at=part.ended_at,
            zone=part.zone,
        )
    except exceptions.AnswerConflict:
        return None  # it may be the same again: that is for the careful path to say


async def list_submissions(
    conn: Connection,
    *,
    applet_id: AppletId,
    respondent_id: UserId | None,
    with_answers: bool,
    page: PageRequest,
) -> Json[Page[ListedSubmission]]:
    """Submissions in the order of their arrival; with `respondent_id`, only that person's."""
    place = page.place()
    return await store.list_submissions(
        conn,
        applet_id=applet_id,
        respondent_id=respondent_id,
        with_answers=with_answers,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


async def get_submission(
    conn: Connection,
    *,
    applet_id: AppletId,
    submission_id: SubmissionId,
    respondent_id: UserId | None,
) -> Json[SubmissionWithAnswers]:
    """A submission with its answers; with `respondent_id`, only if it is that person's."""
    return await store.get_submission(
        conn, applet_id=applet_id, submission_id=submission_id, respondent_id=respondent_id
    )


def stream_collected(conn: Transaction, *, applet_id: AppletId) -> AsyncIterator[Collected]:
    """Every submission with its answers, in the order of arrival, at constant memory."""
    return store.stream_collected(conn, applet_id=applet_id)


def stream_cells(
    conn: Transaction,
    *,
    applet_id: AppletId,
    activities: list[ActivityId],
    kinds: list[str],
    names: list[str],
    ranks: list[int],
) -> AsyncIterator[AnswerCells]:
    """Every answer with the values asked for: what `stream_collected` has, for a table."""
    return store.stream_cells(
        conn, applet_id=applet_id, activities=activities, kinds=kinds, names=names, ranks=ranks
    )
