"""What a stub declares, and the rules that PostgreSQL has no part in."""

import inspect
import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType

from sqlcheck.finding import Complaint
from sqlcheck.hints import (
    Hint,
    core,
    element,
    is_optional,
    labels,
    origin,
    row_fields,
    spell,
    strip_none,
)
from sqlcheck.placeholders import LonePercent, misplaced, numbered
from sqlcheck.source import Source, is_empty, is_plain
from sqlcheck.statement import StatementLike


@dataclass(frozen=True, slots=True)
class Declared:
    """A stub's signature."""

    name: str
    parameters: Mapping[str, Hint]
    returns: Hint
    row: Hint
    """The row class or plain type; NoneType where nothing comes back."""
    fields: Mapping[str, Hint] | None
    """The fields of a row class."""
    is_many: bool
    is_stream: bool
    may_miss: bool
    """`Row | None`"""

    @property
    def is_one(self) -> bool:
        return not self.is_many and not self.may_miss and self.row is not NoneType


def declared(statement: StatementLike) -> Declared:
    """Read the signature; raises what `get_type_hints` raises."""
    hints = typing.get_type_hints(statement.stub, include_extras=True)
    returns = hints.pop("return", NoneType)
    is_stream = origin(returns) is AsyncIterator
    inner = typing.get_args(returns)[0] if is_stream else element(returns)
    row, may_miss = strip_none(returns if inner is None else inner)
    parameters = inspect.signature(statement.stub).parameters
    return Declared(
        name=getattr(statement.stub, "__name__", statement.name),
        parameters={name: hints[name] for name in list(parameters)[1:] if name in hints},
        returns=returns,
        row=row,
        fields=row_fields(row),
        is_many=inner is not None,
        is_stream=is_stream,
        may_miss=may_miss,
    )


def python_rules(statement: StatementLike, source: Source) -> Iterator[Complaint]:
    """The form of the stub: literal text, empty body, keyword-only annotated parameters."""
    if source.node is not None:
        if not is_plain(source.literal):
            hint = "write the SQL out inside @sql(...)"
            yield Complaint("literal", "the statement is not one plain string", hint)
        if not is_empty(source.node):
            yield Complaint("body", f"{source.node.name} has a body that never runs", "leave `...`")
    parameters = list(inspect.signature(statement.stub).parameters.values())
    annotations = inspect.get_annotations(inspect.unwrap(statement.stub))
    if not parameters or parameters[0].kind is parameters[0].KEYWORD_ONLY:
        yield Complaint("stub", "the first parameter is the connection")
    for parameter in parameters[1:]:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            told = f"parameter `{parameter.name}` is not keyword-only"
            yield Complaint("keyword", told, "put `*` after the connection")
    for name in [parameter.name for parameter in parameters] + ["return"]:
        if name not in annotations:
            what = "the result" if name == "return" else f"parameter `{name}`"
            yield Complaint("annotation", f"{what} has no annotation")


def percent_rules(statement: StatementLike) -> Iterator[Complaint]:
    """A lone %, which nothing after it can be read past, and placeholders that are none."""
    try:
        numbered(statement.text)
    except LonePercent as error:
        hint = "write %% or %(name)s"
        yield Complaint("percent", "a lone % is read as a placeholder", hint, error.offset)
        return
    for name, where in misplaced(statement.text):
        told = f"%({name})s stands inside quotes or a comment, where no value can go"
        yield Complaint("quoted", told, "build text with ||", where, about=name)


def placeholder_rules(statement: StatementLike, stub: Declared) -> Iterator[Complaint]:
    """Placeholders and guards against the parameters."""
    names = numbered(statement.text).names
    for name in names:
        if name not in stub.parameters:
            told = f"the statement uses %({name})s, the function has no parameter `{name}`"
            used_at = first_use(statement.text, name)
            yield Complaint("params", told, f"add `{name}: ...` to {stub.name}", used_at)
    for name in stub.parameters:
        if name not in names and name not in statement.guards:
            told = f"parameter `{name}` is not used by the statement"
            yield Complaint("params", told, "remove it, or use it")
    yield from _guards(statement, stub)


def kind_rules(statement: StatementLike, stub: Declared, source: Source) -> Iterator[Complaint]:
    """`missing=` where a row is due; a plain def for a stream, async for all else."""
    if statement.missing is not None and not stub.is_one:
        told = f"`missing=` never applies: {stub.name} declares {spell(stub.returns)}"
        yield Complaint("missing", told, "declare one Row, or remove it")
    if source.node is not None:
        is_coroutine = inspect.iscoroutinefunction(inspect.unwrap(statement.stub))
        if is_coroutine is stub.is_stream:
            told = "a stream's stub is a plain def" if stub.is_stream else "the stub is not async"
            yield Complaint("stub", told)


def _guards(statement: StatementLike, stub: Declared) -> Iterator[Complaint]:
    for name, values in statement.guards.items():
        where = statement.text.find(f"-- if {name}")
        if name not in stub.parameters:
            told = f"`-- if {name}`: there is no such parameter"
            yield Complaint("guard", told, "", where)
            continue
        hint = stub.parameters[name]
        if values and not set(values) <= (labels(core(hint)) or frozenset()):
            told = f"`-- if {name} = ...` compares with a value that {spell(hint)} does not have"
            yield Complaint("guard", told, "", where)
        elif not values and not is_optional(hint):
            told = f"`-- if {name}`: the parameter is never None"
            yield Complaint("guard", told, f"declare {name}: {spell(hint)} | None", where)


def first_use(text: str, name: str) -> int | None:
    """Where a placeholder stands first."""
    at = text.find(f"%({name})s")
    return at if at >= 0 else None
