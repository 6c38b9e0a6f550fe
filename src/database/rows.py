"""From tuples to rows: what a return annotation says, and the fastest way to build it."""

import dataclasses
import enum
import functools
import itertools
import operator
import types
import typing
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import BaseModel, TypeAdapter

from src.database.built import Json

Tuples = Sequence[tuple[Any, ...]]


class Result:
    """What a return annotation says: the row type, how many rows, and how to build them."""

    def __init__(self, hint: object) -> None:
        origin = typing.get_origin(hint)
        self.is_stream = origin is AsyncIterator
        self.is_list = origin is list
        if self.is_stream or self.is_list:
            (hint,) = typing.get_args(hint)
        self.row, self.is_optional = strip_none(hint)
        self.fields = row_fields(self.row)
        self.has_json = _has_json(self.fields.values() if self.fields else [self.row])
        self._build: Callable[[Tuples], list[Any]] | None = None

    def rows(self, names: Sequence[str], tuples: Tuples) -> list[Any]:
        """Build the rows; the way is chosen once, when the first result shows its columns."""
        if self._build is None:
            self._build = self._builder(list(names))
        return self._build(tuples)

    def _builder(self, names: list[str]) -> Callable[[Tuples], list[Any]]:
        if self.fields is None:
            return _values(decoder(self.row))
        make: Any = self.row
        if issubclass(make, BaseModel):
            return lambda tuples: [
                make.model_validate(dict(zip(names, row, strict=True))) for row in tuples
            ]
        decoders = [
            (place, decode)
            for place, name in enumerate(names)
            if (decode := decoder(self.fields[name])) is not None
        ]
        if names == list(self.fields) and not decoders:
            return lambda tuples: list(itertools.starmap(make, tuples))
        return _decoded(make, [names.index(field) for field in self.fields], decoders)


def _values(decode: Callable[[Any], Any] | None) -> Callable[[Tuples], list[Any]]:
    if decode is None:
        return lambda tuples: [row[0] for row in tuples]
    return lambda tuples: [None if row[0] is None else decode(row[0]) for row in tuples]


def _decoded(
    make: Callable[..., Any],
    order: list[int],
    decoders: Iterable[tuple[int, Callable[[Any], Any]]],
) -> Callable[[Tuples], list[Any]]:

    def build(tuples: Tuples) -> list[Any]:
        made = []
        for row in map(list, tuples):
            for place, decode in decoders:
                if row[place] is not None:
                    row[place] = decode(row[place])
            made.append(make(*(row[place] for place in order)))
        return made

    return build


def _has_json(hints: Iterable[Any]) -> bool:
    """Whether any of these is `Json`. JSON then arrives as `Json` in every column of the row."""
    bare = [_bare(hint) for hint in hints]
    has_json = any(typing.get_origin(hint) is Json for hint in bare)
    if has_json and any(decoder(hint) or encoder(hint) for hint in bare if not _is_enum(hint)):
        raise TypeError("a row holds JSON as `Json`, or as objects of Python: not both")
    return has_json


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, enum.Enum)


def strip_none(hint: object) -> tuple[Any, bool]:
    """`X | None` as (X, True), anything else as itself and False."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        arguments = typing.get_args(hint)
        rest = [argument for argument in arguments if argument is not types.NoneType]
        if len(rest) < len(arguments):
            return functools.reduce(operator.or_, rest), True
    return hint, False


def row_fields(row: object) -> dict[str, Any] | None:
    """The fields of a row class, or None when the row is a plain value."""
    if isinstance(row, type):
        if issubclass(row, BaseModel):
            return {name: field.rebuild_annotation() for name, field in row.model_fields.items()}
        if dataclasses.is_dataclass(row):
            hints = typing.get_type_hints(row, include_extras=True)
            return {field.name: hints[field.name] for field in dataclasses.fields(row)}
    return None


def _bare(hint: Any) -> Any:
    hint, _ = strip_none(hint)
    if typing.get_origin(hint) is typing.Annotated:
        return _bare(typing.get_args(hint)[0])
    return hint


def decoder(hint: Any) -> Callable[[Any], Any] | None:
    """Only for what PostgreSQL sends in another shape than declared: enums, structured JSON."""
    hint = _bare(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    inner = _bare(typing.get_args(hint)[0]) if typing.get_origin(hint) is list else hint
    if isinstance(inner, type) and (
        issubclass(inner, BaseModel | enum.Enum)
        or dataclasses.is_dataclass(inner)
        or typing.is_typeddict(inner)
    ):
        return TypeAdapter(hint).validate_python
    return None


def encoder(hint: Any) -> Callable[[Any], Any] | None:
    """How a parameter of this type travels when it is not sent as it is: JSON goes as jsonb."""
    hint = _bare(hint)
    if typing.get_origin(hint) is dict or hint is dict or typing.is_typeddict(hint):
        return Jsonb
    inner = _bare(typing.get_args(hint)[0]) if typing.get_origin(hint) is list else hint
    if isinstance(inner, type) and (
        issubclass(inner, BaseModel)
        or dataclasses.is_dataclass(inner)
        or typing.is_typeddict(inner)
    ):
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        return lambda value: Jsonb(adapter.dump_python(value, mode="json"))
    if typing.get_origin(inner) is dict:
        return Jsonb
    return None
