"""Words and limits of signing in with a provider."""

from datetime import timedelta
from enum import StrEnum

FLOW_LIFETIME = timedelta(minutes=10)
"""From leaving for the provider to coming back."""
NONCE_DAYS = 1
"""How long it is remembered that a nonce has been used: tokens that carry it are dead by then."""
TOKEN_AGE = timedelta(minutes=10)
"""How old an ID token may be that somebody signs in with."""
LEEWAY = 30
"""Seconds by which the provider's clock and ours may differ."""
IDENTITIES_MAX = 20
"""Providers' accounts that one account may be linked with."""
SUBJECT_MAX = 255

FACEBOOK_ISSUER = "https://www.facebook.com"
GOOGLE_DOMAINS = frozenset({"gmail.com", "googlemail.com"})


class Mode(StrEnum):
    """What a flow is for: signing in, or adding a way to sign in to one's account."""

    LOGIN = "login"
    LINK = "link"


class Kind(StrEnum):
    OIDC = "oidc"
    FACEBOOK = "facebook"


class ErrorCode(StrEnum):
    PROVIDER_NOT_FOUND = "sso_provider_not_found"
    PROVIDER_UNAVAILABLE = "sso_provider_unavailable"
    REDIRECT_NOT_ALLOWED = "redirect_not_allowed"
    FLOW_INVALID = "sso_flow_invalid"
    FLOW_EXPIRED = "sso_flow_expired"
    FLOW_USED = "sso_flow_used"
    STATE_INVALID = "sso_state_invalid"
    DENIED = "sso_denied"
    TOKEN_INVALID = "sso_token_invalid"  # noqa: S105  (no password)
    EMAIL_MISSING = "sso_email_missing"
    VERIFIER_INVALID = "code_verifier_invalid"
    ACCOUNT_EXISTS = "account_exists_login_to_link"
    IDENTITY_NOT_FOUND = "identity_not_found"
    IDENTITY_TAKEN = "identity_taken"
    IDENTITY_LIMIT = "identity_limit"
