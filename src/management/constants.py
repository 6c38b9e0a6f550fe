"""Words and limits of managing the platform."""

from enum import StrEnum

REASON_MAX = 500
SEARCH_MAX = 254
HASH_MAX, SALT_MAX = 512, 128
"""Characters of a hash, and of its salt, that come from another system."""


class ErrorCode(StrEnum):
    CANNOT_ACT_ON_SELF = "cannot_act_on_self"
    PLATFORM_ROLE_ABOVE_OWN = "platform_role_above_own"
    ACCOUNT_ERASED = "account_erased"
