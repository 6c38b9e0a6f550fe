"""What can go wrong with answers."""

from src.answers.constants import ErrorCode
from src.exceptions import Conflict, NotFound


class SubmissionNotFound(NotFound):
    code = ErrorCode.SUBMISSION_NOT_FOUND
    message = "There is no such submission, or you may not see it."


class AnswerConflict(Conflict):
    code = ErrorCode.ANSWER_CONFLICT
    message = "An answer with this id has arrived before, with other content."


class StepTaken(Conflict):
    code = ErrorCode.STEP_TAKEN
    message = "The submission has an answer for this step, under another id."
