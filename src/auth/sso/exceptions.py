"""What can go wrong with signing in with a provider."""

from src.auth.sso.constants import ErrorCode
from src.exceptions import BadRequest, Conflict, NotFound, Unauthenticated, Unavailable


class ProviderNotFound(NotFound):
    code = ErrorCode.PROVIDER_NOT_FOUND
    message = "Nobody signs in with such a provider here."


class ProviderUnavailable(Unavailable):
    code = ErrorCode.PROVIDER_UNAVAILABLE
    message = "The provider cannot be reached, or does not answer as it should: try again shortly."


class RedirectNotAllowed(BadRequest):
    code = ErrorCode.REDIRECT_NOT_ALLOWED
    message = "Nobody is sent to this address: it is none of `SSO__REDIRECTS`."


class FlowInvalid(BadRequest):
    """Nothing says where to send the browser back to, so this is a problem and no redirect."""

    code = ErrorCode.FLOW_INVALID
    message = "This browser has not begun to sign in with this provider, or too long ago."


class FlowExpired(BadRequest):
    code = ErrorCode.FLOW_EXPIRED
    message = "Signing in with the provider took too long: begin again."


class FlowUsed(BadRequest):
    code = ErrorCode.FLOW_USED
    message = "The answer of the provider has been used already: begin again."


class StateInvalid(BadRequest):
    code = ErrorCode.STATE_INVALID
    message = "The answer of the provider belongs to another attempt to sign in."


class Denied(BadRequest):
    code = ErrorCode.DENIED
    message = "The provider has not let them in, or they have changed their mind."


class TokenInvalid(Unauthenticated):
    code = ErrorCode.TOKEN_INVALID
    message = (
        "What the provider said cannot be accepted: it is not for us, too old, or not genuine."
    )


class EmailMissing(Conflict):
    code = ErrorCode.EMAIL_MISSING
    message = "The provider gave no email address: sign up in another way, then link it."


class VerifierInvalid(BadRequest):
    """The login code is dead although the answer is an error: it has been in wrong hands."""

    code = ErrorCode.VERIFIER_INVALID
    message = "The `code_verifier` is not the one whose challenge came with the first request."
    commits = True


class AccountExists(Conflict):
    code = ErrorCode.ACCOUNT_EXISTS
    message = (
        "An account with this email exists already: sign in to it as before, then link the "
        "provider in its settings."
    )


class IdentityNotFound(NotFound):
    code = ErrorCode.IDENTITY_NOT_FOUND
    message = "Your account is linked with no such identity."


class IdentityTaken(Conflict):
    code = ErrorCode.IDENTITY_TAKEN
    message = "Another account signs in with this identity."


class IdentityLimit(Conflict):
    code = ErrorCode.IDENTITY_LIMIT
    message = "Your account is linked with as many identities as it may be: take one away first."
