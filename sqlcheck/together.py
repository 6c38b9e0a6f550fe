"""What only all statements together show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlcheck.catalog import Catalog, Key
from sqlcheck.finding import Complaint, Finding
from sqlcheck.hints import Hint
from sqlcheck.notes import IdUse, Notes, needless
from sqlcheck.source import Source
from sqlcheck.statement import StatementLike


@dataclass(frozen=True, slots=True)
class Examined:
    """One statement, what is wrong with it, and what it shows of the whole."""

    statement: StatementLike
    source: Source
    findings: list[Finding]
    notes: Notes = field(default_factory=Notes)


Told = tuple[Examined, Complaint, str]
"""A complaint about one of the statements, and the text that its offset counts in."""


def together(examined: Sequence[Examined], catalog: Catalog) -> Iterator[Told]:
    """Needless `| None`, and ids that are mixed up."""
    yield from _needless(examined)
    yield from _mixed_up(examined, catalog)


def _needless(examined: Iterable[Examined]) -> Iterator[Told]:
    is_null: dict[tuple[Hint, str], bool] = defaultdict(bool)
    first: dict[tuple[Hint, str], Examined] = {}
    for each in examined:
        for use in each.notes.fields:
            is_null[use.row, use.name] |= use.is_null
            first.setdefault((use.row, use.name), each)
    for (row, name), found in is_null.items():
        if not found:
            each = first[row, name]
            yield each, needless(row, name), each.statement.text


def _mixed_up(examined: Iterable[Examined], catalog: Catalog) -> Iterator[Told]:
    uses: dict[Key, list[tuple[Examined, IdUse]]] = defaultdict(list)
    for each in examined:
        for use in each.notes.ids:
            uses[use.root].append((each, use))
    for root, found in uses.items():
        kinds = Counter(use.kind for _, use in found)
        usual, count = kinds.most_common(1)[0]
        if len(kinds) == 1 or count == len(found) - count:
            usual = None
        for each, use in found:
            if len(kinds) > 1 and use.kind is not usual:
                others = sorted(kind.__name__ for kind in kinds if kind is not use.kind)
                told = (
                    f"{use.what} is {use.kind.__name__},"
                    f" but {catalog.columns[root].spelled} is {' or '.join(others)} elsewhere"
                )
                yield each, Complaint("id", told, "", use.offset), use.text


def unused(examined: Iterable[Examined], catalog: Catalog) -> Iterator[str]:
    """Columns that no statement reads, and indexes that no plan uses."""
    read: set[Key] = set()
    indexes: set[str] = set()
    for each in examined:
        read |= each.notes.read
        indexes |= each.notes.indexes
    for key, column in catalog.columns.items():
        if key[0] in catalog.tables and key not in read:
            yield f"column {column.spelled} is never read"
    for name, table in sorted(catalog.plain_indexes.items()):
        if name not in indexes:
            yield f"index {name} on {table} serves no statement"


def untested(statements: Iterable[StatementLike]) -> Iterator[str]:
    """Statements, and guarded lines of them, that have not been sent."""
    for statement in statements:
        if not statement.executed:
            yield statement.name
            continue
        sent = [text.split("\n") for text in statement.executed]
        for number, line in enumerate(statement.text.split("\n")):
            if not any(lines[number] == line for lines in sent):
                yield f"{statement.name}: {line.strip()}"
