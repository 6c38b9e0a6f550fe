"""What can go wrong with API keys."""

from src.auth.api_keys.constants import KEYS_MAX, ErrorCode
from src.exceptions import Conflict, FieldError, Invalid, NotFound, PermissionDenied
from src.permissions import Scope


class ApiKeyNotAccepted(PermissionDenied):
    code = ErrorCode.API_KEY_NOT_ACCEPTED
    message = "No API key may do this: sign in, and send the access token."


class InsufficientScope(PermissionDenied):
    code = ErrorCode.INSUFFICIENT_SCOPE
    message = "The API key was not made for this: it lacks the scope that the detail names."

    @classmethod
    def lacking(cls, scope: Scope) -> "InsufficientScope":
        """As RFC 6750 has it, the header names the scope too."""
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        return cls(
            f"The API key was not made for this: it lacks the scope `{scope}`.",
            headers={"WWW-Authenticate": challenge},
        )


class ApiKeyNotFound(NotFound):
    code = ErrorCode.API_KEY_NOT_FOUND
    message = "There is no such API key, or it is somebody else's."


class ApiKeyLimit(Conflict):
    code = ErrorCode.API_KEY_LIMIT
    message = f"An account has {KEYS_MAX} API keys at the most: delete one first."


class ExpiryPassed(Invalid):
    """The database's clock decides."""

    def __init__(self) -> None:
        mistake = FieldError("/expires_at", "in_the_past", "This moment has passed.")
        super().__init__(errors=[mistake])
