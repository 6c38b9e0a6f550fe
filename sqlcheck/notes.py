"""What each statement shows of the whole: columns and indexes used, ids, fields that are NULL."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlcheck.catalog import Catalog, Key
from sqlcheck.declared import first_use
from sqlcheck.finding import Complaint
from sqlcheck.hints import Hint, bare, element, is_optional, strip_none
from sqlcheck.nulls import reasons_of
from sqlcheck.origins import Place, stored
from sqlcheck.params import meetings
from sqlcheck.results import paired
from sqlcheck.scopes import target_relation
from sqlcheck.statement import vouched
from sqlcheck.tree import DELETE, INSERT, MERGE, SELECT, UPDATE, walk
from sqlcheck.variants import Variant

_FIRST_COLUMN_BIT = 7
"""PostgreSQL counts columns in sets from here, to leave room for system columns."""


@dataclass(frozen=True, slots=True)
class IdUse:
    """An id's NewType where it meets a key column."""

    root: Key
    """The column that the foreign keys lead to."""
    kind: Hint
    what: str
    offset: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field declared `| None`, and whether this statement returns NULL there."""

    row: Hint
    name: str
    is_null: bool


@dataclass(frozen=True, slots=True)
class Notes:
    read: set[Key] = field(default_factory=set)
    written: set[Key] = field(default_factory=set)
    tables_read: set[int] = field(default_factory=set)
    tables_written: set[int] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)
    ids: list[IdUse] = field(default_factory=list)
    fields: list[FieldUse] = field(default_factory=list)


def take(notes: Notes, variant: Variant, indexes: Iterable[str]) -> None:
    """Add what one text of a statement shows."""
    notes.indexes.update(indexes)
    _columns(notes, variant)
    notes.ids.extend(_ids(variant))
    notes.fields.extend(_fields(variant))


def _columns(notes: Notes, variant: Variant) -> None:
    views = variant.analysis.catalog.views
    queries = [query for query, _ in variant.levels]
    for query in queries:
        queries += [
            view
            for node in walk(query, into_queries=False)
            if node["_"] == "RANGETBLENTRY" and (view := views.get(node.get("relid", 0)))
        ]
        if query["commandType"] in (INSERT, UPDATE, DELETE, MERGE):
            notes.tables_written.add(target_relation(query))
        for each in query["rteperminfos"] or []:
            relation = each["relid"]
            read = {(relation, bit - _FIRST_COLUMN_BIT) for bit in each["selectedCols"]}
            changed = [*each["insertedCols"], *each["updatedCols"]]
            notes.read.update(read)
            notes.written.update((relation, bit - _FIRST_COLUMN_BIT) for bit in changed)
            if read or query["commandType"] == SELECT:
                notes.tables_read.add(relation)


def root_of(catalog: Catalog, key: Key) -> Key:
    """The column that a chain of foreign keys leads to."""
    seen = {key}
    while (key := catalog.foreign.get(key, key)) not in seen:
        seen.add(key)
    return key


def _new_type(hint: Hint) -> Hint | None:
    """The NewType of an id, alone or in a list."""
    hint = strip_none(hint)[0]
    hint = strip_none(element(hint) or hint)[0]
    return hint if hasattr(hint, "__supertype__") and bare(hint) is not str else None


def _ids(variant: Variant) -> Iterator[IdUse]:
    catalog, names = variant.analysis.catalog, variant.numbered.names
    for met in meetings(variant):
        name = names[met.number - 1]
        kind = _new_type(variant.stub.parameters[name])
        if kind is not None:
            root, where = root_of(catalog, met.column), first_use(variant.text, name)
            yield IdUse(root, kind, f"parameter `{name}`", where, variant.text)
    if variant.tree["setOperations"] or not variant.analysed.columns:
        return
    place: Place = variant.levels[0]
    for _, column, expression, declared in paired(variant):
        kind = _new_type(declared)
        key = stored(variant.analysis, expression, place[1]) if kind is not None else None
        if kind is not None and key is not None and key[0] not in catalog.views:
            where = variant.offset(expression)
            yield IdUse(root_of(catalog, key), kind, f"`{column.name}`", where, variant.text)


def _fields(variant: Variant) -> Iterator[FieldUse]:
    if variant.stub.fields is None or not variant.analysed.columns:
        return
    reasons = reasons_of(variant)
    trusted = vouched(variant.statement.text)
    for at, column, _, declared in paired(variant):
        if is_optional(declared):
            is_null = reasons[at] is not None and column.name not in trusted
            yield FieldUse(variant.stub.row, column.name, is_null)


def needless(row: Hint, name: str) -> Complaint:
    """The complaint about a `| None` that no statement needs."""
    told = f"{row.__name__}.{name} may be None, but no statement returns NULL there"
    return Complaint("never-null", told, "drop `| None`", is_lint=True, about=name)
