"""What annotations say."""

import dataclasses
import enum
import types
import typing
from functools import reduce
from operator import or_
from typing import Any, Literal

from pydantic import BaseModel
from typing_extensions import is_typeddict

Hint = Any
"""An annotation, as `typing.get_type_hints` returns it."""


def origin(hint: object) -> Any:
    """`list` of `list[int]`."""
    return typing.get_origin(hint)


def bare(hint: Hint) -> Hint:
    """Without Annotated, NewType and type aliases."""
    while True:
        if origin(hint) is typing.Annotated:
            hint = typing.get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif hasattr(hint, "__value__"):
            hint = hint.__value__
        else:
            return hint


def is_union(hint: Hint) -> bool:
    return origin(hint) in (typing.Union, types.UnionType)


def strip_none(hint: Hint) -> tuple[Hint, bool]:
    """`X | None` as (X, True), anything else as itself and False."""
    if not is_union(hint):
        return hint, False
    members = typing.get_args(hint)
    rest = tuple(member for member in members if member is not types.NoneType)
    if len(rest) == len(members):
        return hint, False
    return reduce(or_, rest), True


def core(hint: Hint) -> Hint:
    """The type itself: without None, Annotated, NewType and aliases."""
    return bare(strip_none(bare(hint))[0])


def is_optional(hint: Hint) -> bool:
    return strip_none(bare(hint))[1]


def spell(hint: Hint) -> str:
    """An annotation as people write it."""
    arguments = typing.get_args(hint)
    if origin(hint) is typing.Annotated:
        return spell(arguments[0])
    if is_union(hint):
        return " | ".join(map(spell, arguments))
    if origin(hint) is Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if arguments:
        return f"{_name(origin(hint))}[{', '.join(map(spell, arguments))}]"
    return "None" if hint is types.NoneType else _name(hint)


def _name(hint: Hint) -> str:
    return str(getattr(hint, "__name__", None) or hint).replace("typing.", "")


def is_model(hint: Hint) -> bool:
    """Whether the type has named fields: a model, a dataclass or a TypedDict."""
    return isinstance(hint, type) and (
        issubclass(hint, BaseModel) or dataclasses.is_dataclass(hint) or is_typeddict(hint)
    )


def labels(hint: Hint) -> frozenset[Any] | None:
    """The values that a Literal or an Enum allows."""
    if origin(hint) is Literal:
        return frozenset(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return frozenset(member.value for member in hint)
    return None


def element(hint: Hint) -> Hint | None:
    """T of list[T]."""
    return typing.get_args(hint)[0] if origin(hint) is list else None


def built(hint: Hint) -> Hint | None:
    """T of `Json[T]`: JSON that goes on as the statement has built it."""
    hint = core(hint)
    arguments = typing.get_args(hint)
    return arguments[0] if arguments and _name(origin(hint)) == "Json" else None


def holds_built(hint: Hint) -> bool:
    """Whether `Json[T]` stands anywhere in an annotation."""
    return built(hint) is not None or any(map(holds_built, typing.get_args(hint)))


def row_fields(row: Hint) -> dict[str, Hint] | None:
    """The fields of a row class, or None when the row is a plain value."""
    if not isinstance(row, type) or not (
        issubclass(row, BaseModel) or dataclasses.is_dataclass(row)
    ):
        return None
    if issubclass(row, BaseModel):
        return {name: field.rebuild_annotation() for name, field in row.model_fields.items()}
    hints = typing.get_type_hints(row, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(row) if field.init}


def model_fields(model: Hint) -> tuple[dict[str, Hint], frozenset[str]]:
    """The fields of a model and which of them have no default."""
    if issubclass(model, BaseModel):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        needed = frozenset(name for name, field in fields.items() if field.is_required())
        return {name: field.rebuild_annotation() for name, field in fields.items()}, needed
    hints = typing.get_type_hints(model, include_extras=True)
    if is_typeddict(model):
        plain = typing.get_type_hints(model)
        return plain, frozenset(getattr(model, "__required_keys__", ()))
    no_default = dataclasses.MISSING
    return hints, frozenset(
        field.name
        for field in dataclasses.fields(model)
        if field.default is no_default and field.default_factory is no_default
    )
