"""Words and limits of leaving."""

CONFIRM_MAX = 254
