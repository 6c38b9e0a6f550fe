"""From `%(name)s`, as statements are written, to `$1`, as PostgreSQL takes them."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%))")


class Positional(NamedTuple):
    """A text as the server takes it, and what takes its values from those that have names."""

    query: bytes
    values: Callable[[Mapping[str, Any]], Sequence[Any]]


def positional(text: str) -> Positional:
    """Number the parameters of a statement; one that stands there twice has one number."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        if match[2]:
            return "%"
        return f"${names.setdefault(match[1], len(names) + 1)}"

    query = _PLACEHOLDER.sub(number, text)
    return Positional(query.encode(), _values(*names))


def _values(*names: str) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda given: [given[name] for name in names]
