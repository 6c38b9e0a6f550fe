"""A stand-in for the run-time half: it registers statements and runs nothing."""

import itertools
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlcheck.hints import is_optional, labels, strip_none

_GUARD = re.compile(r"--[ ]if[ ](\w+)(?:[ ]=[ ](\S+))?[ ]*$", re.MULTILINE)

Stub = TypeVar("Stub", bound=Callable[..., object])


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Json(Generic[T]):
    """JSON of the shape `T`, as the statement has built it."""

    text: bytes


class Connection(Protocol):
    """The first parameter of every stub."""


class Statement:
    """What `sqlcheck.StatementLike` asks for, and no more."""

    def __init__(
        self,
        text: str,
        stub: Callable[..., object],
        *,
        missing: type[Exception] | None = None,
        constraints: Mapping[str, type[Exception]] | None = None,
    ) -> None:
        self.text = text
        self.stub = stub
        self.name = f"{stub.__module__}.{stub.__qualname__}"
        self.missing = missing
        self.constraints = constraints or {}
        self.executed: set[str] = set()
        self.guards: dict[str, set[str]] = {}
        for guard in _GUARD.finditer(text):
            self.guards.setdefault(guard[1], set()).update([guard[2]] if guard[2] else [])

    def variants(self) -> Iterator[tuple[str, str]]:
        """Every combination of guarded lines."""
        hints = typing.get_type_hints(self.stub)
        options = []
        for name in self.guards:
            hint = hints.get(name, object)
            values: list[object] = sorted(labels(strip_none(hint)[0]) or [True], key=str)
            options.append([(name, value) for value in [*values, *[None] * is_optional(hint)]])
        for chosen in map(dict, itertools.product(*options)):
            told = [
                name if value is True else f"{name} = {value}"
                for name, value in chosen.items()
                if value is not None
            ]
            lines = [line if _is_kept(line, chosen) else "" for line in self.text.split("\n")]
            yield ", ".join(told), "\n".join(lines)


def _is_kept(line: str, chosen: Mapping[str, object]) -> bool:
    guard = _GUARD.search(line)
    if guard is None:
        return True
    value = chosen.get(guard[1])
    return value is not None if guard[2] is None else value == guard[2]


statements: list[Statement] = []
expected: dict[str, tuple[str, str]] = {}
"""For each wrong statement, the code it must cause and the mistake in words."""


def sql(
    text: str,
    /,
    *,
    missing: type[Exception] | None = None,
    constraints: Mapping[str, type[Exception]] | None = None,
) -> Callable[[Stub], Stub]:
    """Register the stub below as the statement `text`."""

    def decorate(stub: Stub) -> Stub:
        statements.append(Statement(text, stub, missing=missing, constraints=constraints))
        return stub

    return decorate


def wrong(code: str, mistake: str) -> Callable[[Stub], Stub]:
    """Say which finding the statement below must cause."""

    def decorate(stub: Stub) -> Stub:
        expected[f"{stub.__module__}.{stub.__qualname__}"] = (code, mistake)
        return stub

    return decorate
