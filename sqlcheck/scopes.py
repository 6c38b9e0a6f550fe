"""One query level and its place among the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlcheck.catalog import Catalog, Choices, Key
from sqlcheck.tree import Node

Facts = dict[Key, frozenset[int]]
"""Columns that are not NULL, each with the outer joins that it was looked at through."""

Reason = str | None
"""Why something may be NULL; None for never."""


@dataclass(eq=False, slots=True)
class Scope:
    """One query level, with what its filters prove about its columns."""

    query: Node
    parent: "Scope | None"
    rtable: list[Node]
    certain: set[Key] = field(default_factory=set)
    """WHERE rejects rows where these are NULL."""
    matched: set[Key] = field(default_factory=set)
    """A join condition does; outer joins above it may still blank them."""
    kept: set[int] = field(default_factory=set)
    """Outer joins that in effect always match."""
    joins: dict[int, Node] = field(default_factory=dict)
    """The joins of the level, by their place in its table."""
    assigned: Mapping[int, Node] | None = None
    """In RETURNING: what each written column was set to."""

    def up(self, levels: int) -> "Scope":
        scope = self
        for _ in range(levels):
            assert scope.parent is not None
            scope = scope.parent
        return scope

    def entry(self, number: int) -> Node:
        return self.rtable[number - 1]

    def alias(self, number: int) -> str:
        return str(self.entry(number)["eref"]["aliasname"])


@dataclass(eq=False, slots=True)
class Analysis:
    """One analysed statement, and what has been found out about it so far."""

    catalog: Catalog
    optional: Mapping[int, str]
    """Parameters that may be None, by number."""
    gappy: frozenset[int] = frozenset()
    """Array parameters whose elements may be None."""
    spoken: Mapping[int, Choices] = field(default_factory=dict)
    """Parameters that are one of these texts."""
    scopes: dict[tuple[int, bool], Scope] = field(default_factory=dict)
    outputs: dict[int, list[Reason]] = field(default_factory=dict)
    assumed: dict[int, list[Reason]] = field(default_factory=dict)
    """What is taken for granted of a recursive query while looking into it."""
    queries: list[Node] = field(default_factory=list)
    """Kept alive, because the tables above know queries by identity."""


def common_table(entry: Node, scope: Scope) -> tuple[Node, Scope]:
    """The WITH query that an entry of the FROM list names, and the level it stands on."""
    home = scope.up(entry["ctelevelsup"])
    return next(c for c in home.query["cteList"] if c["ctename"] == entry["ctename"]), home


def target_relation(query: Node) -> int:
    """The oid of the table that a statement writes."""
    return int(query["rtable"][query["resultRelation"] - 1]["relid"])
