"""What can go wrong with accounts."""

from src.exceptions import Conflict, NotFound
from src.users.constants import ErrorCode


class EmailTaken(Conflict):
    code = ErrorCode.EMAIL_TAKEN
    message = "An account with this email exists already."


class UsernameTaken(Conflict):
    code = ErrorCode.USERNAME_TAKEN
    message = "This username belongs to somebody else."


class UserNotFound(NotFound):
    code = ErrorCode.USER_NOT_FOUND
    message = "There is no such user."
