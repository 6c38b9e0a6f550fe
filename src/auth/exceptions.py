"""What can go wrong with signing in."""

from src.auth.constants import ErrorCode
from src.exceptions import Conflict, PermissionDenied, Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = ErrorCode.INVALID_CREDENTIALS
    message = "No account matches this identifier and password."


class InvalidToken(Unauthenticated):
    code = ErrorCode.INVALID_TOKEN
    message = "The access token or API key is not valid, has expired, or has been ended."


class SignupDisabled(PermissionDenied):
    code = ErrorCode.SIGNUP_DISABLED
    message = "This service does not take sign-ups."


class AccountDisabled(PermissionDenied):
    code = ErrorCode.ACCOUNT_DISABLED
    message = "This account has been disabled."


class AccountDeleting(PermissionDenied):
    code = ErrorCode.ACCOUNT_DELETING
    message = "This account is being deleted. The link in the mail about it brings it back."


def shut(*, is_deleting: bool) -> PermissionDenied:
    """Why somebody who has proved who they are is not let in."""
    return AccountDeleting() if is_deleting else AccountDisabled()


class EmailNotVerified(PermissionDenied):
    code = ErrorCode.EMAIL_NOT_VERIFIED
    message = "Verify your email first: until then the account can do little else."


class RefreshInvalid(Unauthenticated):
    code = ErrorCode.REFRESH_INVALID
    message = "The refresh token is not valid."


class RefreshReused(Unauthenticated):
    """The token's session has just been revoked, and stays so although the answer is an error."""

    code = ErrorCode.REFRESH_REUSED
    message = "The refresh token was used before: its session has been ended. Sign in again."
    commits = True


class SessionExpired(Unauthenticated):
    code = ErrorCode.SESSION_EXPIRED
    message = "The session has ended. Sign in again."


class FreshLoginRequired(PermissionDenied):
    code = ErrorCode.FRESH_LOGIN_REQUIRED
    message = "This needs a sign-in of the last 15 minutes: sign in again, then repeat it."


class LastLoginMethod(Conflict):
    code = ErrorCode.LAST_LOGIN_METHOD
    message = "Without this nobody could sign in to the account: add another way first."


class CsrfFailed(PermissionDenied):
    code = ErrorCode.CSRF_FAILED
    message = (
        "A request with cookies needs an allowed Origin and the session's token in X-CSRF-Token."
    )


class DeviceOwned(PermissionDenied):
    code = ErrorCode.DEVICE_OWNED
    message = (
        "This device is known already: send its secret as X-Device-Secret, or take another id."
    )
