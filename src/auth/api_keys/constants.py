"""Words and limits of API keys."""

from enum import StrEnum

KEY_PREFIX = "core_key_"
SHOWN_CHARACTERS = 6
"""How much of a key's own text a list shows: enough to know it by, too little to guess by."""
KEYS_MAX = 25
"""How many keys one owner has."""
NAME_MAX = 100
NOTE_SECONDS = 5.0
"""How long uses of keys are gathered, to be written together."""
NOTES_MAX = 10_000
"""How many keys' uses are gathered at the most."""


class ErrorCode(StrEnum):
    API_KEY_NOT_ACCEPTED = "api_key_not_accepted"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    API_KEY_NOT_FOUND = "api_key_not_found"
    API_KEY_LIMIT = "api_key_limit"
