"""What can go wrong with the list of one's sessions."""

from src.auth.signed_in.constants import ErrorCode
from src.exceptions import NotFound


class SessionNotFound(NotFound):
    code = ErrorCode.SESSION_NOT_FOUND
    message = "You have no such session, or it has ended."
