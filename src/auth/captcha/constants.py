"""When signing in takes a CAPTCHA, and how long its vendor may take."""

from enum import StrEnum

WINDOW_MINUTES = 5
"""The failures of so many minutes are compared with those of the day before them."""
TIMES_USUAL = 5
"""How many times the usual share of wrong passwords is an attack."""
USUAL_MIN, UNUSUAL_MAX = 0.04, 0.9
"""The usual share counts as 4 % at least: a service that is quiet, or new, has next to none. Nine
wrong of ten are too many whatever is usual."""
FAILURES_MIN = 100
"""So few failures are no attack, whatever their share."""
LOOK_SECONDS = 2.0
"""How often a process says what it has counted, and asks how it stands."""
TIMEOUT = 2.0
"""Seconds that the vendor has."""


class Outcome(StrEnum):
    """What became of an answer to a CAPTCHA."""

    PASSED = "passed"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


class ErrorCode(StrEnum):
    CAPTCHA_REQUIRED = "captcha_required"
