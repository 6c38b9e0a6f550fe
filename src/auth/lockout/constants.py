"""How guessing passwords is slowed down. From when on is in the settings."""

QUIET_SECONDS = 15 * 60.0
"""Failures count together until there has been none for so long."""
DELAY_SECONDS_MAX = 15 * 60.0
"""The delays are 1, 2, 4 seconds, and so on, up to this."""
