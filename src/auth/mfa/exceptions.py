"""What can go wrong with second factors."""

from src.auth.constants import PASSWORD_MIN
from src.auth.mfa.constants import ErrorCode
from src.exceptions import Conflict, NotFound, Unauthenticated


class InvalidMfaCode(Unauthenticated):
    """One answer for a wrong code and a dead ticket. That somebody has tried stays counted."""

    code = ErrorCode.INVALID_MFA_CODE
    message = (
        "The second factor is not right: mistyped, used before, or too late. After five tries or "
        "five minutes sign in from the start."
    )
    commits = True


class WrongTotpCode(Unauthenticated):
    """One answer for a code that is mistyped and one of another time."""

    code = ErrorCode.WRONG_TOTP_CODE
    message = (
        "This is not the code that the app shows now: wait for its next one. If that is refused "
        "too, see that the clock of the device is right."
    )


class TotpEnabled(Conflict):
    code = ErrorCode.TOTP_ENABLED
    message = "An authenticator app is set up already: remove it first."


class TotpNotFound(NotFound):
    code = ErrorCode.TOTP_NOT_FOUND
    message = "There is no authenticator app to confirm or to remove."


class MfaNotEnabled(Conflict):
    code = ErrorCode.MFA_NOT_ENABLED
    message = "Recovery codes stand in for a second factor: set one up first."


class LongerPasswordRequired(Conflict):
    code = ErrorCode.LONGER_PASSWORD_REQUIRED
    message = (
        f"Your password has fewer than {PASSWORD_MIN} characters, which is enough only beside a "
        "second factor: choose a longer one first."
    )
