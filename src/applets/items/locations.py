"""Places in a draft: from Pydantic's `loc` to a JSON pointer (RFC 6901) into what was sent."""

import re
from collections.abc import Sequence

_SURROGATE = re.compile("[\ud800-\udfff]")

Loc = tuple[int | str, ...]

_TAGGED = (
    ("activities", int, "items", int),
    ("activities", int, "items", int, "condition", "conditions", int),
)


def without_tags(loc: Sequence[int | str]) -> Loc:
    """Drop what Pydantic adds to a place: the tag of a union's member, and `[key]` of a bad key.

    Inside an item and inside a condition the part after the index is always such a tag, because a
    fault of the whole ends at the index.
    """
    parts = tuple(loc)
    if parts[-2:-1] and parts[-1] == "[key]":
        parts = parts[:-1]
    for shape in _TAGGED:
        if len(parts) > len(shape) and _fits(parts, shape):
            parts = (*parts[: len(shape)], *parts[len(shape) + 1 :])
    return parts


def _fits(parts: Loc, shape: Sequence[object]) -> bool:
    return all(
        isinstance(part, int) if wanted is int else part == wanted
        for part, wanted in zip(parts, shape, strict=False)
    )


def pointer(loc: Sequence[int | str]) -> str:
    """Return the JSON pointer to a place whose tags are gone already.

    A lone surrogate in a name becomes U+FFFD, because no answer of ours could carry it.
    """
    return "".join("/" + escape(str(part)) for part in loc)


def escape(part: str) -> str:
    """Return one part of a JSON pointer."""
    part = part.replace("~", "~0").replace("/", "~1")
    return part if part.isascii() else _SURROGATE.sub("\ufffd", part)
