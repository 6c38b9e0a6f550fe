"""What the checker needs of a statement; the project's own class fits it without knowing."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

_ALLOW = re.compile(r"--\s*allow\s+([\w-]+(?:\([^)\n]*\))?(?:,\s*[\w-]+(?:\([^)\n]*\))?)*)")
_CODE = re.compile(r"([\w-]+)(?:\(([^)\n]*)\))?")
_NOT_NULL = re.compile(r"--\s*not null:\s*(\w+(?:,\s*\w+)*)")


class StatementLike(Protocol):
    """One SQL statement and the stub that declares it."""

    @property
    def name(self) -> str:
        """Module and function: `src.teams.service.get`."""
        ...

    @property
    def text(self) -> str:
        """The SQL as written, with `%(name)s` placeholders."""
        ...

    @property
    def stub(self) -> Callable[..., object]:
        """The function whose signature declares parameters and result."""
        ...

    @property
    def missing(self) -> type[Exception] | None:
        """What is raised when a row is due and none is found."""
        ...

    @property
    def constraints(self) -> Mapping[str, type[Exception]]:
        """What is raised when PostgreSQL refuses a write, by constraint name."""
        ...

    @property
    def guards(self) -> Mapping[str, Collection[str]]:
        """Parameters that decide about lines, each with the values it is compared with."""
        ...

    @property
    def executed(self) -> Collection[str]:
        """The texts that have been sent so far."""
        ...

    def variants(self) -> Iterable[tuple[str, str]]:
        """Every text this statement can send, each with a label."""
        ...


def allowed(text: str) -> dict[str, frozenset[str]]:
    """The codes that `-- allow` silences; `code(name, name)` silences it for those names only."""
    found: dict[str, frozenset[str]] = {}
    for line in _ALLOW.finditer(text):
        for code, names in _CODE.findall(line[1]):
            found[code] = found.get(code, frozenset()) | frozenset(re.findall(r"[\w.]+", names))
    return found


def vouched(text: str) -> frozenset[str]:
    """The result columns that `-- not null:` vouches for."""
    return frozenset(name for note in _NOT_NULL.finditer(text) for name in note[1].split(", "))
