"""What can go wrong with phone numbers."""

from src.auth.phone.constants import ErrorCode
from src.exceptions import Conflict, Invalid, NotFound


class PhoneNotFound(NotFound):
    code = ErrorCode.PHONE_NOT_FOUND
    message = "You have no verified phone number."


class PhoneNotAllowed(Invalid):
    code = ErrorCode.PHONE_NOT_ALLOWED
    message = "This service sends no codes to numbers of this kind or country."


class PhoneAlreadyVerified(Conflict):
    code = ErrorCode.PHONE_ALREADY_VERIFIED
    message = "This is your verified number already."


class PhoneTaken(Conflict):
    """Told only to who has proved to read what is sent to the number."""

    code = ErrorCode.PHONE_TAKEN
    message = "The number belongs to another account: remove it there, then verify it again."
