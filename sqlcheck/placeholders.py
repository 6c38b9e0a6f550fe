"""From `%(name)s`, as written, to `$1`, as PostgreSQL reads it, and back."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%)|(.?))", re.DOTALL)


_NO_VALUE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
"""Comments and quoted text, where no value can go."""


class LonePercent(ValueError):
    """A % that is neither %% nor the start of a placeholder."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Numbered:
    """A text with numbered parameters, and the way back to the text as written."""

    sql: str
    names: tuple[str, ...]
    ends: tuple[int, ...]
    """Where each replacement ends in `sql`,"""
    origins: tuple[int, ...]
    """and where it ends in the text as written."""

    def back(self, offset: int) -> int:
        """The place as written of a place in `sql`."""
        step = bisect_right(self.ends, offset) - 1
        return self.origins[step] + offset - self.ends[step]

    def back_from_bytes(self, offset: int) -> int:
        """The same for an offset in bytes of UTF-8, as PostgreSQL counts inside its trees."""
        if self.sql.isascii():
            return self.back(offset)
        return self.back(len(self.sql.encode()[:offset].decode(errors="ignore")))


def numbered(text: str) -> Numbered:
    """Replace named placeholders by numbered ones; raises `LonePercent`."""
    pieces: list[str] = []
    numbers: dict[str, int] = {}
    ends, origins = [0], [0]
    last = size = 0
    for match in _PLACEHOLDER.finditer(text):
        if match[3] is not None:
            raise LonePercent(match.start())
        new = "%" if match[2] else f"${numbers.setdefault(match[1], len(numbers) + 1)}"
        pieces += [text[last : match.start()], new]
        size += match.start() - last + len(new)
        last = match.end()
        ends.append(size)
        origins.append(last)
    return Numbered("".join([*pieces, text[last:]]), tuple(numbers), tuple(ends), tuple(origins))


def misplaced(text: str) -> Iterator[tuple[str, int]]:
    """Placeholders inside comments and quoted text, each with its place."""
    for noise in _NO_VALUE.finditer(text):
        for match in _PLACEHOLDER.finditer(noise[0]):
            if match[1]:
                yield match[1], noise.start() + match.start()


def blanked(text: str) -> str:
    """The text with spaces for comments and quoted text."""
    return _NO_VALUE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
