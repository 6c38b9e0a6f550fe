"""Whether two answers say the same, whatever the order of keys and the spelling of instants."""

import json
import re
from datetime import UTC, datetime
from typing import Any

_FRESH: dict[str, set[str]] = {
    "create": {"id", "created_at", "updated_at"},
    "submit": {"id", "submission_id", "received_at"},
    "login": {"access_token", "refresh_token", "refresh_expires_at", "expires_in"},
    "refresh": {"access_token", "refresh_token", "refresh_expires_at", "expires_in"},
    "list": {"next_cursor"},
}
_OURS_ALONE: dict[str, set[str]] = {
    "create": {"deleted_at", "settings", "slug", "version"},
    "read_team": {"deleted_at", "settings", "slug", "version"},
}
"""What our teams have and those of the peers do not: there, we do more."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def normal(endpoint: str, body: str) -> Any:
    """What an answer says, so that equal answers are equal values.

    Instants are equal to the millisecond (what a JavaScript date holds); where every answer has a
    value of its own, such as a fresh id, only its type counts.
    """
    said = json.loads(body)
    if isinstance(said, dict):
        said = {
            key: own for key, own in said.items() if key not in _OURS_ALONE.get(endpoint, set())
        }
    return _normal(said, _FRESH.get(endpoint, set()))


def _normal(value: Any, fresh: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: type(own).__name__ if key in fresh else _normal(own, fresh)
            for key, own in sorted(value.items())
        }
    if isinstance(value, list):
        return [_normal(own, fresh) for own in value]
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        at = datetime.fromisoformat(value).astimezone(UTC)
        return at.isoformat(timespec="milliseconds")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def difference(one: Any, other: Any, place: str = "") -> str | None:
    """The first place where two normal answers differ, in words; None where they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{place or '/'}: keys {sorted(one.keys() ^ other.keys())}"
        pairs = [(key, one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{place or '/'}: {len(one)} and {len(other)} items"
        pairs = [(str(n), *pair) for n, pair in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else f"{place or '/'}: {one!r} and {other!r}"
    found = (difference(a, b, f"{place}/{key}") for key, a, b in pairs)
    return next((text for text in found if text), None)
