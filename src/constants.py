"""Words and limits that every domain shares."""

from enum import StrEnum

VERSION = "0.1.0"
API_PREFIX = "/v1"
FIRST_HEADERS = "first_headers"
"""Where a request's scope keeps its headers by name; of several of one name, the first."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

KIB = 1024
MIB = 1024 * KIB

PAGE_LIMIT_DEFAULT = 20
PAGE_LIMIT_MAX = 100

EMAIL_UNDO_HOURS = 72
"""For so long an old address may take a change of the email back. An account that is being deleted
is not erased sooner."""


class Environment(StrEnum):
    """Where the service runs. Outside `local` and `test` it refuses weak secrets."""

    LOCAL = "local"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def is_relaxed(self) -> bool:
        return self in {Environment.LOCAL, Environment.TEST}
