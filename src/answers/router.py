"""`/v1/applets/{applet_id}/submissions`: answers in, and back out one by one."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import TypeAdapter, ValidationError

from src.answers import exceptions, schemas, service
from src.answers.constants import BATCH_BODY_BYTES, Include
from src.answers.dependencies import RequestForms, readable_respondent
from src.applets.dependencies import AppletOfRoute
from src.applets.exceptions import AppletNotFound
from src.applets.schemas import AppletId
from src.auth.dependencies import CurrentUser
from src.auth.exceptions import InvalidToken
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Database, PageRequest, Pools, Transaction
from src.exceptions import CoreError, FieldError, Invalid, PayloadTooLarge
from src.openapi import payload_problems, private_problems
from src.pagination import InvalidCursor
from src.problems import describe, field_error
from src.routing import Route
from src.schemas import FieldProblem, Page, Problem

T = TypeVar("T")

_PARTS_AT_A_TIME = 20

router = APIRouter(prefix="/applets/{applet_id}/submissions", tags=["answers"], route_class=Route)

_SEEN = (InvalidToken, AppletNotFound)
_CONFLICTS = (
    exceptions.SubmissionNotFound,
    exceptions.AnswerConflict,
    exceptions.StepTaken,
)


@router.put(
    "/{submission_id}/answers/{answer_id}",
    status_code=status.HTTP_201_CREATED,
    summary="Send answers",
    responses={
        200: {"description": "The same part had arrived before.", "model": schemas.Answer},
        **payload_problems(*_SEEN, *_CONFLICTS),
    },
)
async def put_answer(
    applet: AppletOfRoute,
    user: CurrentUser,
    submission_id: schemas.SubmissionId,
    answer_id: schemas.AnswerId,
    part: schemas.Part,
    conn: Database,
    pools: Pools,
    forms: RequestForms,
    response: Response,
) -> Json[schemas.Answer]:
    """Send the answers of one activity, under ids that the client has made.

    Sending the same again changes nothing (200); other content under the same id is a conflict.
    Answers to items that their condition hides are dropped, and listed in `warnings`.
    """
    answer, is_new = await service.submit(
        conn,
        pools,
        forms,
        applet_id=applet.id,
        user_id=user.id,
        submission_id=submission_id,
        answer_id=answer_id,
        part=part,
    )
    if is_new:
        response.headers["Location"] = (
            f"{API_PREFIX}/applets/{applet.id}/submissions/{submission_id}"
        )
    else:
        response.status_code = status.HTTP_200_OK
    return answer


_SCORES: TypeAdapter[list[schemas.Score]] = TypeAdapter(list[schemas.Score])
_BATCH_PART: TypeAdapter[schemas.BatchPart] = TypeAdapter(schemas.BatchPart)


@router.post(
    "/batch",
    status_code=status.HTTP_207_MULTI_STATUS,
    summary="Send many answers",
    max_body_size=BATCH_BODY_BYTES,
    responses=payload_problems(*_SEEN, PayloadTooLarge),
)
async def put_answers(
    applet: AppletOfRoute,
    user: CurrentUser,
    batch: schemas.Batch,
    conn: Transaction,
    forms: RequestForms,
    request: Request,
) -> schemas.BatchResult:
    """Send up to 500 parts in any order. Each stands or falls alone, with a result of its own."""
    outcomes: list[service.Prepared | CoreError] = []
    for raw in batch.parts:
        outcomes.append(await _prepared(raw, applet.id, conn, forms))
        if len(outcomes) % _PARTS_AT_A_TIME == 0:
            await asyncio.sleep(0)  # the other requests go on meanwhile
    prepared = [outcome for outcome in outcomes if isinstance(outcome, service.Prepared)]
    kept = iter(
        await service.keep(conn, applet_id=applet.id, user_id=user.id, parts=prepared)
        if prepared
        else []
    )
    results = []
    for raw, outcome in zip(batch.parts, outcomes, strict=True):
        final = next(kept) if isinstance(outcome, service.Prepared) else outcome
        results.append(
            _refused(request, raw, final) if isinstance(final, CoreError) else _kept(final)
        )
    return schemas.BatchResult(results=results)


@router.get("", summary="Submissions", responses=payload_problems(*_SEEN, InvalidCursor))
async def list_submissions(
    applet: AppletOfRoute,
    user: CurrentUser,
    conn: Database,
    page: PageRequest,
    include: Annotated[
        Include | None, Query(description="`answers`: each submission with its answers.")
    ] = None,
) -> Json[Page[schemas.ListedSubmission]]:
    """List submissions in the order of their arrival. Admins see everybody's, others their own."""
    return await service.list_submissions(
        conn,
        applet_id=applet.id,
        respondent_id=readable_respondent(applet, user),
        with_answers=include is Include.ANSWERS,
        page=page,
    )


@router.get(
    "/{submission_id}",
    summary="A submission",
    responses=private_problems(*_SEEN, exceptions.SubmissionNotFound, Invalid),
)
async def get_submission(
    applet: AppletOfRoute,
    user: CurrentUser,
    submission_id: schemas.SubmissionId,
    conn: Database,
) -> Json[schemas.SubmissionWithAnswers]:
    """Show a submission with its answers and scores."""
    return await service.get_submission(
        conn,
        applet_id=applet.id,
        submission_id=submission_id,
        respondent_id=readable_respondent(applet, user),
    )


async def _prepared(
    raw: Any, applet_id: AppletId, conn: Transaction, forms: RequestForms
) -> service.Prepared | CoreError:
    try:
        # As JSON would be read: ids and times are strings there.
        part = _BATCH_PART.validate_python(raw)
        return await service.prepare(
            conn,
            forms,
            applet_id=applet_id,
            submission_id=part.submission_id,
            answer_id=part.answer_id,
            part=part,
        )
    except ValidationError as exc:
        mistakes = exc.errors(include_url=False, include_context=False, include_input=False)
        return Invalid(
            errors=[
                field_error({**mistake, "loc": ("body", *mistake["loc"])}) for mistake in mistakes
            ]
        )
    except Invalid as exc:
        return exc


def _kept(kept: service.Kept) -> schemas.PartResult:
    part = kept.part
    return schemas.PartResult(
        status=status.HTTP_201_CREATED if kept.is_new else status.HTTP_200_OK,
        submission_id=part.submission_id,
        answer_id=part.answer_id,
        scores=_SCORES.validate_python(part.assessment.scores),
        warnings=[_field_problem(warning) for warning in part.assessment.warnings],
        problem=None,
    )


def _refused(request: Request, raw: Any, error: CoreError) -> schemas.PartResult:
    sent = raw if isinstance(raw, dict) else {}
    return schemas.PartResult(
        status=error.status,
        submission_id=_id(sent.get("submission_id"), schemas.SubmissionId),
        answer_id=_id(sent.get("answer_id"), schemas.AnswerId),
        scores=None,
        warnings=None,
        problem=Problem.model_validate(
            describe(
                request,
                status=error.status,
                code=error.code,
                detail=error.detail,
                errors=error.errors,
            )
        ),
    )


def _field_problem(error: FieldError) -> FieldProblem:
    return FieldProblem(pointer=error.pointer, code=error.code, detail=error.detail)


def _id(value: object, make: Callable[[UUID], T]) -> T | None:
    """An id as it was sent, if it is one: the caller finds its part again by it."""
    try:
        return make(UUID(str(value)))
    except ValueError:
        return None
