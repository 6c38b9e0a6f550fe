"""What can go wrong with signing in by mail."""

from src.auth.mail_login.constants import ErrorCode
from src.exceptions import NotFound


class MethodDisabled(NotFound):
    code = ErrorCode.METHOD_DISABLED
    message = "This service does not sign people in by mail."
