"""From `%(name)s`, as statements are written, to `$1`, as PostgreSQL takes them."""

import re
from typing import NamedTuple

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%))")


class Positional(NamedTuple):
    """A text as the server takes it, and the names of its parameters in their order."""

    query: bytes
    names: tuple[str, ...]


def positional(text: str) -> Positional:
    """Number the parameters of a statement; one that stands there twice has one number."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        if match[2]:
            return "%"
        return f"${names.setdefault(match[1], len(names) + 1)}"

    query = _PLACEHOLDER.sub(number, text)
    return Positional(query.encode(), tuple(names))
