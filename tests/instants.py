"""Instants in answers: PostgreSQL and Python write the same moment as different texts."""

from datetime import datetime
from typing import Any


def moments(body: Any) -> Any:
    """The same JSON with the instants (`..._at`) as such, to be compared."""
    if isinstance(body, list):
        return [moments(part) for part in body]
    if not isinstance(body, dict):
        return body
    return {
        name: datetime.fromisoformat(value)
        if name.endswith("_at") and value is not None
        else moments(value)
        for name, value in body.items()
    }
