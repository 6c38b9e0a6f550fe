"""Words and limits of answers."""

from enum import StrEnum

from src.constants import MIB

BATCH_MAX = 500
BATCH_BODY_BYTES = 16 * MIB
FIRST_STEP = 1


class Status(StrEnum):
    """A submission is complete when every step of it has arrived."""

    OPEN = "open"
    COMPLETE = "complete"


class Include(StrEnum):
    """What a list of submissions may carry beside them."""

    ANSWERS = "answers"


class ErrorCode(StrEnum):
    SUBMISSION_NOT_FOUND = "submission_not_found"
    ANSWER_CONFLICT = "answer_conflict"
    STEP_TAKEN = "step_taken"
