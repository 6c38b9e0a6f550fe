"""Answers as payloads and rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NewType
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from src.answers.constants import BATCH_MAX, Status
from src.applets.schemas import ActivityId, RevisionId, VersionId
from src.schemas import FieldProblem, Moment, Payload, Problem, Zone
from src.users.schemas import UserId

SubmissionId = NewType("SubmissionId", UUID)
AnswerId = NewType("AnswerId", UUID)

_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _plausible(value: datetime) -> datetime:
    if not _EARLIEST <= value <= _LATEST:
        raise PydanticCustomError("out_of_range", "The time lies outside 1900 to 2200.")
    return value


Instant = Annotated[Moment, AfterValidator(_plausible)]
Answers = Annotated[
    dict[str, Any],
    Field(
        description="By item name: `{value, text?}`, or null where nothing was answered.",
        examples=[{"mood": {"value": 2}, "why": {"value": "rain"}}],
    ),
]


class Part(Payload):
    """The answers of one activity, given in one sitting."""

    version_id: Annotated[VersionId, Field(description="The version that the person saw.")]
    activity_id: ActivityId
    started_at: Instant
    ended_at: Instant
    zone: Annotated[Zone, Field(description="Where the person was: a time zone.")] = "UTC"
    payload: Answers

    @field_validator("ended_at")
    @classmethod
    def _ends_after_start(cls, ended_at: datetime, info: ValidationInfo) -> datetime:
        started_at = info.data.get("started_at")
        if started_at is not None and ended_at < started_at:
            raise PydanticCustomError("ended_before_start", "`ended_at` lies before `started_at`.")
        return ended_at


class BatchPart(Part):
    """A part with the ids that the client made for it."""

    submission_id: SubmissionId
    answer_id: AnswerId


class Batch(Payload):
    """Parts that a client has kept while it was offline, in any order."""

    parts: Annotated[
        list[
            Annotated[
                Any,
                # Each part stands or falls alone, so each is checked by itself.
                WithJsonSchema(BatchPart.model_json_schema()),
            ]
        ],
        Field(min_length=1, max_length=BATCH_MAX),
    ]


@dataclass(slots=True)
class Score:
    """A score of one answer: null where none of its items is answered."""

    name: str
    value: float | None
    answered: int
    listed: int


@dataclass(slots=True)
class Answer:
    """The answers of one activity, as they are kept."""

    id: AnswerId
    submission_id: SubmissionId
    version_id: VersionId
    activity_id: ActivityId
    revision_id: RevisionId
    payload: dict[str, Any]
    scores: list[Score]
    warnings: list[FieldProblem]
    started_at: datetime
    ended_at: datetime
    received_at: datetime


@dataclass(slots=True)
class PartResult:
    """What became of one part of a batch."""

    status: Annotated[int, Field(description="What the part alone would have been answered with.")]
    submission_id: SubmissionId | None
    answer_id: AnswerId | None
    scores: list[Score] | None
    warnings: list[FieldProblem] | None
    problem: Problem | None


@dataclass(slots=True)
class BatchResult:
    results: Annotated[list[PartResult], Field(description="In the order of the parts.")]


@dataclass(slots=True)
class Submission:
    """One sitting."""

    id: SubmissionId
    version_id: VersionId
    version_label: str
    respondent_id: UserId
    status: Status
    started_at: datetime
    completed_at: datetime
    received_at: datetime
    zone: str


@dataclass(slots=True)
class ListedSubmission:
    """One sitting in a list, with everything answered in it where that was asked for."""

    id: SubmissionId
    version_id: VersionId
    version_label: str
    respondent_id: UserId
    status: Status
    started_at: datetime
    completed_at: datetime
    received_at: datetime
    zone: str
    answers: Annotated[
        list[Answer] | None, Field(description="With `include=answers`; null without.")
    ]


@dataclass(slots=True)
class SubmissionWithAnswers:
    """One sitting with everything answered in it."""

    submission: Submission
    answers: list[Answer]


@dataclass(slots=True)
class KnownAnswer:
    """An answer that has arrived before."""

    id: AnswerId
    submission_id: SubmissionId
    respondent_id: UserId
    part_sha256: bytes


@dataclass(slots=True)
class SubmissionOwner:
    id: SubmissionId
    respondent_id: UserId


@dataclass(slots=True)
class CollectedAnswer:
    """An answer inside a collected row."""

    activity_id: ActivityId
    revision_id: RevisionId
    payload: dict[str, Any]
    scores: list[Score]


@dataclass(slots=True)
class Collected:
    """One submission as exports and statistics read it."""

    id: SubmissionId
    version_id: VersionId
    version_label: str
    respondent_id: UserId
    status: Status
    started_at: datetime
    completed_at: datetime
    received_at: datetime
    zone: str
    answers: list[CollectedAnswer]


@dataclass(slots=True)
class AnswerCells:
    """What a table shows of an answer, and of its submission: texts, as they are written."""

    submission_id: str
    version_label: str
    respondent_id: str
    started_at: str
    completed_at: str
    received_at: str
    zone: str
    activity_id: str | None
    cells: str | None
    """A JSON list of the values asked for of this activity, in their order."""
