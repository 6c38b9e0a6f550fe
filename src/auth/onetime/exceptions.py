"""What can go wrong with a secret of one use."""

from src.auth.onetime.constants import ErrorCode
from src.exceptions import BadRequest


class InvalidOneTimeToken(BadRequest):
    code = ErrorCode.INVALID_TOKEN
    message = "The token is not valid: it may have been used, or replaced by a newer one."


class ExpiredToken(BadRequest):
    code = ErrorCode.EXPIRED_TOKEN
    message = "The token has expired: ask for a new one."


class InvalidCode(BadRequest):
    """That somebody has tried stays counted although the answer is an error."""

    code = ErrorCode.INVALID_CODE
    message = "The code is not valid: it may be mistyped, too old, or tried too often."
    commits = True
