"""What can go wrong with changing a password."""

from src.auth.password.constants import ErrorCode
from src.exceptions import Conflict


class SamePassword(Conflict):
    code = ErrorCode.SAME_PASSWORD
    message = "This is the password that the account has already."
