"""Which route an address belongs to, in as many steps as the address has segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

T = TypeVar("T")

Segments = tuple[str | None, ...]
"""The segments of a path template; None stands for a parameter."""


@dataclass(frozen=True, slots=True)
class Address:
    """The requests that a route takes: a path template, and methods (None: any)."""

    segments: Segments | None
    """None if the template is more than names and parameters of one whole segment each."""
    parameters: Sequence[str]
    prefix: str
    """How each of its addresses begins."""
    methods: frozenset[str] | None

    @classmethod
    def of(cls, template: str, methods: frozenset[str] | None = None) -> Self:
        """`/teams/{team_id}`: the segments "", "teams" and None."""
        segments: list[str | None] = []
        parameters: list[str] = []
        for segment in template.split("/"):
            name = segment[1:-1]
            if segment == f"{{{name}}}" and name.isidentifier():
                segments.append(None)
                parameters.append(name)
            elif "{" in segment or "}" in segment:
                return cls.below(template, methods)
            else:
                segments.append(segment)
        return cls(tuple(segments), parameters, template.partition("{")[0], methods)

    @classmethod
    def below(cls, template: str, methods: frozenset[str] | None = None) -> Self:
        """Whatever begins as the template does, up to its first parameter."""
        return cls(None, (), template.partition("{")[0], methods)

    def is_hiding(self, later: "Address") -> bool:
        """Whether some request is this one's by order, and would be the later one's in the tree.

        In doubt there is one.
        """
        if not (self.methods is None or later.methods is None or self.methods & later.methods):
            return False
        if self.segments is None or later.segments is None:
            return later.prefix.startswith(self.prefix) or self.prefix.startswith(later.prefix)
        return _overlap(self.segments, later.segments) and not _is_preferred(
            self.segments, later.segments
        )


def _overlap(one: Segments, other: Segments) -> bool:
    return len(one) == len(other) and all(
        a == b or (a is None and b != "") or (b is None and a != "")
        for a, b in zip(one, other, strict=True)
    )


def _is_preferred(one: Segments, other: Segments) -> bool:
    """Whether the tree gives an address of both to `one`: a name goes before a parameter."""
    for a, b in zip(one, other, strict=True):
        if (a is None) is not (b is None):
            return b is None
    return False


class _Node(Generic[T]):
    __slots__ = ("found", "named", "other")

    def __init__(self) -> None:
        self.named: dict[str, _Node[T]] = {}
        self.other: _Node[T] | None = None
        self.found: dict[str, T] = {}


class Tree(Generic[T]):
    """What belongs to a method and an address."""

    def __init__(self) -> None:
        self.root: _Node[T] = _Node()
        self._whole: dict[str, _Node[T]] = {}
        """Where addresses without a parameter end: no step is needed to get there."""

    def add(self, address: Address, found: T | None) -> None:
        """Let `found` be what the address leads to.

        None keeps it from leading to what has a parameter in the place of a name.
        """
        if address.segments is None:
            return
        node = self.root
        names: list[str] = []
        for segment in address.segments:
            if segment is not None:
                names.append(segment)
                node = node.named.setdefault(segment, _Node())
            else:
                if node.other is None:
                    node.other = _Node()
                node = node.other
        if len(names) == len(address.segments):
            self._whole["/".join(names)] = node
        if found is not None:
            node.found.update(dict.fromkeys(address.methods or (), found))

    def at(self, path: str) -> Mapping[str, T]:
        """What the address leads to by method: a name goes before a parameter. Empty for none."""
        node = self.root
        for segment in path.split("/"):
            child = node.named.get(segment) or (node.other if segment else None)
            if child is None:
                return {}
            node = child
        return node.found

    def find(self, method: str, path: str) -> tuple[T, Sequence[str]] | None:
        """What the address leads to, with the values of its parameters in order."""
        whole = self._whole.get(path)
        if whole is not None:
            served = whole.found.get(method)
            return None if served is None else (served, [])
        node = self.root
        values: list[str] = []
        for segment in path.split("/"):
            child = node.named.get(segment)
            if child is None:
                child = node.other
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        found = node.found.get(method)
        return None if found is None else (found, values)
