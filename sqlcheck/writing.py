"""What a statement writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlcheck.catalog import Catalog
from sqlcheck.scopes import Scope, target_relation
from sqlcheck.tree import DELETE, INSERT, MERGE, UPDATE, Node, walk

_ON_CONFLICT_NOTHING, _ON_CONFLICT_UPDATE = 1, 2
_SEQUENCES = frozenset(["nextval", "setval"])


@dataclass(frozen=True, slots=True)
class Write:
    """One INSERT, UPDATE or DELETE, alone or as part of a larger statement."""

    verb: int
    table: int
    targets: tuple[tuple[int, Node], ...]
    """The columns that are given a value, each with its expression."""
    query: Node
    scope: Scope
    conflict: Node | None = None
    """ON CONFLICT, on the INSERT that has it."""
    is_second: bool = False
    """The DO UPDATE of an INSERT, or an action of MERGE."""


def writes_of(levels: Iterable[tuple[Node, Scope]]) -> Iterator[Write]:
    """Every write in a statement."""
    for query, scope in levels:
        kind = query["commandType"]
        if kind == MERGE:
            yield from _merge(query, scope)
        elif kind in (INSERT, UPDATE, DELETE):
            conflict = query["onConflict"]
            table, given = target_relation(query), _given(query["targetList"])
            yield Write(kind, table, given, query, scope, conflict)
            if conflict and conflict["action"] == _ON_CONFLICT_UPDATE:
                given = _given(conflict["onConflictSet"])
                yield Write(UPDATE, table, given, query, scope, is_second=True)


def _given(entries: list[Node] | None) -> tuple[tuple[int, Node], ...]:
    return tuple((entry["resno"], entry["expr"]) for entry in entries or [] if not entry["resjunk"])


def _merge(query: Node, scope: Scope) -> Iterator[Write]:
    for action in query["mergeActionList"]:
        if action["commandType"] in (INSERT, UPDATE, DELETE):
            given = _given(action["targetList"])
            yield Write(
                action["commandType"], target_relation(query), given, query, scope, is_second=True
            )


def is_skipped(write: Write) -> bool:
    """Whether a row that collides is left alone: DO NOTHING."""
    return write.conflict is not None and write.conflict["action"] == _ON_CONFLICT_NOTHING


def changes_anything(catalog: Catalog, levels: Iterable[tuple[Node, Scope]]) -> bool:
    """Whether a read-only transaction would refuse the statement: writes, locks, sequences."""
    for query, _ in levels:
        if query["commandType"] in (INSERT, UPDATE, DELETE, MERGE) or query["rowMarks"]:
            return True
        for node in walk(query, into_queries=False):
            if node["_"] == "FUNCEXPR" and catalog.function_of(node).name in _SEQUENCES:
                return True
    return False
