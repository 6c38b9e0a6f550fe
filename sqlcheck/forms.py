"""COPY and LISTEN: the statements that are not queries, each with a form of its own.

What is inside a copy is checked as the query it is: the SELECT of `COPY (SELECT ...) TO STDOUT`
where it stands, and `COPY table (columns) FROM STDIN` as the INSERT that it amounts to.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from types import NoneType
from typing import get_args

from psycopg.types.json import Jsonb

from sqlcheck.catalog import Catalog
from sqlcheck.declared import Declared
from sqlcheck.finding import Complaint
from sqlcheck.hints import (
    Hint,
    bare,
    core,
    element,
    is_model,
    origin,
    row_fields,
    spell,
    strip_none,
)
from sqlcheck.matching import JSON
from sqlcheck.placeholders import blanked, numbered

_FORMED = re.compile(r"\s*(COPY|LISTEN)\b")
_OUT = re.compile(r"\s*COPY\s*\((?P<query>.*)\)\s*TO\s+STDOUT\b(?P<rest>.*)\Z", re.DOTALL)
_IN = re.compile(
    r"\s*COPY\s+(?P<table>\w+)\s*\((?P<columns>[^)]*)\)\s*FROM\s+STDIN\b(?P<rest>.*)\Z", re.DOTALL
)
_LISTEN = re.compile(r"\s*LISTEN\s+[a-z_][a-z0-9_]*\s*\Z")
_OPTION = r"(?:ON_ERROR|LOG_VERBOSITY|REJECT_LIMIT)\s+\w+"
_OPTIONS = re.compile(
    rf"\s*(?:(?:WITH\s*)?\(\s*{_OPTION}(?:\s*,\s*{_OPTION})*\s*\)\s*)?\Z", re.IGNORECASE
)
"""What may follow FROM STDIN: rows are sent as plain text, whatever the statement would like."""

_ROWS = "rows"


class Form(Enum):
    """The kinds of statement that are run in different ways."""

    QUERY = auto()
    COPY_OUT = auto()
    COPY_IN = auto()
    LISTEN = auto()
    UNKNOWN = auto()
    """A COPY or a LISTEN that no form is made for."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A `COPY table (columns) FROM STDIN`."""

    table: str
    columns: tuple[str, ...]
    options: str


def form_of(text: str) -> Form:
    """Which form a text has; what begins with other words is a query."""
    blank = blanked(text)
    if (word := _FORMED.match(blank)) is None:
        return Form.QUERY
    if word[1] == "LISTEN":
        return Form.LISTEN if _LISTEN.match(blank) else Form.UNKNOWN
    if _OUT.match(blank):
        return Form.COPY_OUT
    return Form.COPY_IN if _IN.match(blank) else Form.UNKNOWN


def inner_query(text: str) -> str:
    """The query of a COPY ... TO STDOUT, with spaces for what stands around it."""
    found = _OUT.match(blanked(text))
    if found is None:
        return text
    before, after = text[: found.start("query")], text[found.end("query") :]
    inside = text[found.start("query") : found.end("query")]
    return re.sub(r"[^\n]", " ", before) + inside + re.sub(r"[^\n]", " ", after)


def empty_copy(text: str, columns: Iterable[str]) -> str:
    """A COPY of no rows, with the options and the result columns of this one."""
    found = _OUT.match(blanked(text))
    options = text[found.start("rest") :] if found else ""
    quoted = ['"{}"'.format(name.replace('"', '""')) for name in columns]
    empty = ", ".join(f"NULL::text AS {name}" for name in quoted)
    return f"COPY (SELECT {empty} WHERE false) TO STDOUT{numbered(options).sql}"


def copied(text: str) -> Copied | None:
    """What a COPY ... FROM STDIN fills."""
    found = _IN.match(blanked(text))
    if found is None:
        return None
    columns = tuple(name.strip() for name in found["columns"].split(","))
    return Copied(found["table"], columns, found["rest"])


def as_insert(what: Copied) -> str:
    """The INSERT that fills one row as the copy does: identity columns take what is given."""
    values = ", ".join(f"%({name})s" for name in what.columns)
    columns = ", ".join(what.columns)
    return f"INSERT INTO {what.table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values})"


def row_of(stub: Declared) -> Hint | None:
    """Row of `rows: Iterable[Row]`, where that is the one parameter and Row has fields."""
    hint = stub.parameters.get(_ROWS)
    if len(stub.parameters) != 1 or origin(hint) is not Iterable:
        return None
    (row,) = get_args(hint)
    return row if row_fields(row) is not None else None


def stub_of_rows(catalog: Catalog, stub: Declared, row: Hint, what: Copied) -> Declared:
    """The stub that the INSERT would have: a parameter for each column."""
    fields = row_fields(row) or {}
    types = {
        column.name: catalog.types[catalog.base(column.type)].name
        for key, column in catalog.columns.items()
        if catalog.tables.get(key[0]) == what.table
    }
    given = {}
    for name in what.columns:
        hint, is_none = strip_none(fields[name])
        if types.get(name) in JSON and bare(hint) is str:  # JSON is copied as its text
            hint = Jsonb
        given[name] = hint | None if is_none else hint
    return replace(stub, parameters=given)


def form_rules(text: str, stub: Declared, form: Form) -> Iterator[Complaint]:
    """Whether text and stub have the shape that the form asks for."""
    if form is Form.UNKNOWN:
        told = "this form of COPY or LISTEN is not one that can be run"
        hint = (
            "COPY (SELECT ...) TO STDOUT, COPY table (columns) FROM STDIN or LISTEN channel;"
            " plain names, keywords in capitals"
        )
        yield Complaint("form", told, hint)
    elif form is Form.COPY_OUT:
        if not (stub.is_stream and stub.row is bytes):
            yield _result(stub, "COPY ... TO STDOUT gives bytes", "AsyncIterator[bytes]")
    elif form is Form.LISTEN:
        fields = row_fields(stub.row) or {}
        if not stub.is_stream or {"channel", "payload"} - fields.keys():
            told = "LISTEN gives notifications, with channel and payload"
            yield _result(stub, told, "AsyncIterator[Notification]")
    elif form is Form.COPY_IN:
        yield from _copy_in(text, stub)


def _result(stub: Declared, what: str, wanted: str) -> Complaint:
    return Complaint(
        "result", f"{what}, {stub.name} declares {spell(stub.returns)}", f"declare {wanted}"
    )


def _copy_in(text: str, stub: Declared) -> Iterator[Complaint]:
    what, row = copied(text), row_of(stub)
    if stub.returns is not int:
        yield _result(stub, "COPY ... FROM STDIN gives the number of rows", "int")
    if names := numbered(text).names:
        told = f"COPY ... FROM STDIN takes no parameters, but the text uses %({names[0]})s"
        yield Complaint("params", told, "", text.find(f"%({names[0]})s"))
    if row is None:
        told = "COPY ... FROM STDIN takes its rows as `rows: Iterable[Row]`, and nothing else"
        yield Complaint("params", told, "Row is a row class with a field for each column")
        return
    assert what is not None
    fields = row_fields(row) or {}
    for name in what.columns:
        if name not in fields:
            told = f"`{name}` is copied, but {spell(row)} has no such field"
            yield Complaint("columns", told, f"fields: {', '.join(fields)}", text.find(name))
    for name, hint in fields.items():
        if name not in what.columns:
            told = f"{spell(row)}.{name} is not copied"
            yield Complaint("columns", told, "name the column, or drop the field")
        elif not is_sent(hint):
            told = f"{spell(row)}.{name}: {spell(hint)} cannot be copied"
            yield Complaint("param-type", told, "declare str that holds JSON, or Jsonb", about=name)
    if not _OPTIONS.match(what.options):
        told = f"rows are sent as plain text: `{what.options.strip()}` cannot follow FROM STDIN"
        yield Complaint("form", told, "only ON_ERROR and what belongs to it", text.find("STDIN"))


@dataclass(frozen=True, slots=True)
class AsQuery:
    """A text as the query that it is or amounts to, with the stub that fits it."""

    form: Form
    written: str
    text: str
    stub: Declared
    row: Hint = None
    """The row class of a COPY ... FROM STDIN."""


def as_query(catalog: Catalog, stub: Declared, text: str) -> AsQuery | None:
    """What can be prepared of a text whose form is right; None for LISTEN."""
    form = form_of(text)
    if form is Form.COPY_OUT:
        return AsQuery(form, text, inner_query(text), stub)
    what, row = copied(text), row_of(stub)
    if form is Form.COPY_IN and what is not None and row is not None:
        filling = stub_of_rows(catalog, stub, row, what)
        return AsQuery(form, text, as_insert(what), filling, row)
    return AsQuery(form, text, text, stub) if form is Form.QUERY else None


def located(complaint: Complaint, text: str, row: Hint) -> Complaint:
    """A complaint about the INSERT, in the words and the place of the copy."""
    name = complaint.about
    if name not in (row_fields(row) or {}):
        return replace(complaint, offset=None)
    told = complaint.message.replace(f"parameter `{name}`", f"{spell(row)}.{name}")
    return replace(complaint, message=told, offset=text.find(name))


def is_sent(hint: Hint) -> bool:
    """Whether a field goes into a copy as it is: what would have to become JSON does not."""
    hint = core(hint)
    inner = core(element(hint)) if element(hint) is not None else hint
    return not (is_model(inner) or (origin(inner) or inner) is dict or inner is NoneType)
