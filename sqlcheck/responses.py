"""JSON that nobody reads on its way out: its shape must be that of the type as a response.

What a type is as a response is pydantic's word, the same that OpenAPI publishes: every field is
written, under its alias. Here nothing is left to run time: what is unknown is a finding.
"""

import dataclasses
import datetime as dt
import typing
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, PydanticSchemaGenerationError, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from sqlcheck import matching
from sqlcheck.catalog import Catalog
from sqlcheck.hints import (
    Hint,
    core,
    element,
    is_model,
    is_optional,
    is_union,
    labels,
    origin,
    spell,
)
from sqlcheck.scopes import Reason
from sqlcheck.shapes import (
    Array,
    Dictionary,
    Null,
    Object,
    OneOf,
    Scalar,
    Shape,
    Stored,
    Unknown,
)

_WRITTEN: Mapping[str, tuple[Hint, ...]] = {
    "bool": (bool,),
    "int2": (int,),
    "int4": (int,),
    "int8": (int,),
    "float4": (float,),
    "float8": (float,),
    "numeric": (float,),
    "uuid": (UUID, str),
    "date": (dt.date, str),
    "time": (dt.time, str),
    "timestamptz": (dt.datetime, AwareDatetime, str),
    "inet": (str,),
    "cidr": (str,),
}
"""What JSON each type becomes under `to_json`, in the words of Python.

JSON has one kind of number, so that a numeric is a float, digits and all, but never an int. Numbers
are trusted to be finite, as timestamps are: NaN and infinity would be strings.
"""

_OWN_FORM: Mapping[str, str] = {
    "interval": "PostgreSQL writes it in a form of its own",
    "bytea": "PostgreSQL writes it in a form of its own",
    "timestamp": "it has no time zone: make it timestamptz",
    "timetz": "PostgreSQL writes it in a form of its own",
}


def strays(catalog: Catalog, shape: Shape, hint: Hint, path: str) -> Iterator[str]:
    """Where the shape is not, or not surely, what the type is as a response."""
    inner = core(hint)
    if writes_itself(hint):
        yield f"{path}: {spell(hint)} has a serializer of its own, which PostgreSQL does not call"
    elif inner in (Any, object):
        return
    elif isinstance(inner, typing.TypeVar):
        yield f"{path}: what {spell(inner)} stands for is not declared"
    elif isinstance(shape, Null):
        yield from _null(hint, path, "it is JSON's own null")
    elif isinstance(shape, OneOf):
        for each in shape.shapes:
            yield from strays(catalog, each, hint, path)
    elif is_union(inner):
        found = [next(strays(catalog, shape, each, path), "") for each in typing.get_args(inner)]
        if all(found):
            yield f"{path} fits no part of {spell(inner)}: {found[0]}"
    else:
        yield from _AGAINST[type(shape)](catalog, shape, inner, path)


def _null(hint: Hint, path: str, reason: Reason) -> Iterator[str]:
    if reason and not is_optional(hint) and core(hint) not in (Any, object):
        yield f"{path} is {spell(hint)}, but can be null: {reason}"


def _unknown(_: Catalog, shape: Unknown, inner: Hint, path: str) -> Iterator[str]:
    yield f"{path} is {spell(inner)}, which is not proved: {shape.what}"


def _stored(catalog: Catalog, shape: Stored, inner: Hint, path: str) -> Iterator[str]:
    """JSON in a column is trusted to be what is said of it."""
    if told := matching.received(catalog, shape.type, inner):
        yield f"{path}: {told}"


def _array(catalog: Catalog, shape: Array, inner: Hint, path: str) -> Iterator[str]:
    item = element(inner)
    if item is None and inner is not list:
        yield f"{path} is a JSON array, not {spell(inner)}"
    elif item is not None:
        yield from _null(item, f"{path}[]", shape.reason)
        if shape.item is not None:
            yield from strays(catalog, shape.item, item, f"{path}[]")


def _object(catalog: Catalog, shape: Object | Dictionary, inner: Hint, path: str) -> Iterator[str]:
    if (origin(inner) or inner) is dict:
        yield from _dictionary(catalog, shape, inner, path)
    elif not is_model(origin(inner) or inner):
        yield f"{path} is a JSON object, not {spell(inner)}"
    elif isinstance(shape, Dictionary):
        yield f"{path} is {spell(inner)}, but its keys are known to the rows alone"
    else:
        yield from _model(catalog, shape, inner, path)


def _dictionary(
    catalog: Catalog, shape: Object | Dictionary, inner: Hint, path: str
) -> Iterator[str]:
    key, value = typing.get_args(inner) or (str, Any)
    if core(key) is not str:
        yield f"{path}: keys of JSON are str, not {spell(key)}"
    members = {"*": (shape.item, shape.reason)} if isinstance(shape, Dictionary) else shape.members
    for name, (member, reason) in members.items():
        yield from _null(value, f"{path}.{name}", reason)
        yield from strays(catalog, member, value, f"{path}.{name}")


def _model(catalog: Catalog, shape: Object, inner: Hint, path: str) -> Iterator[str]:
    fields = response_fields(inner)
    if isinstance(fields, str):
        yield f"{path}: {fields}"
        return
    for name, (value, reason) in shape.members.items():
        if name not in fields:
            yield f"{path}.{name} is not a field of {spell(inner)}"
            continue
        yield from _null(fields[name].hint, f"{path}.{name}", reason)
        yield from strays(catalog, value, fields[name].hint, f"{path}.{name}")
    for name, field in fields.items():
        if name not in shape.members and field.is_always:
            yield f"{path} has no key `{name}`: {spell(inner)} declares it {spell(field.hint)}"


def _scalar(catalog: Catalog, shape: Scalar, inner: Hint, path: str) -> Iterator[str]:
    kind = catalog.types[catalog.base(shape.type)]
    spelled = f"{path}: {catalog.spell(shape.type)} is not {spell(inner)}"
    if catalog.types[shape.type].is_instant:
        if inner not in _WRITTEN["timestamptz"]:
            yield spelled
    elif kind.name == "timestamptz" and catalog.has_instants:
        yield f"{path} is written with the session's offset: the project has a domain for instants"
    elif kind.name in _OWN_FORM:
        yield f"{spelled} in JSON: {_OWN_FORM[kind.name]}"
    elif kind.labels or kind.name in matching.TEXTUAL or labels(inner) is not None:
        if told := matching.received(catalog, shape.type, inner, shape.choices):
            yield f"{path}: {told}"
    elif kind.name == "numeric" and inner is Decimal:
        yield f"{spelled} in JSON: pydantic writes a string, PostgreSQL a number; declare float"
    elif kind.name not in _WRITTEN:
        yield f"{path} is {spell(inner)}, but what JSON {kind.name} becomes is not known"
    elif inner not in _WRITTEN[kind.name]:
        yield spelled


_AGAINST: Mapping[type[Any], Callable[[Catalog, Any, Hint, str], Iterator[str]]] = {
    Array: _array,
    Dictionary: _object,
    Object: _object,
    Scalar: _scalar,
    Stored: _stored,
    Unknown: _unknown,
}


# ---- what a type is as a response ----

_CHANGES_FORM = frozenset(["json_encoders", "ser_json_temporal"])
"""Settings of a model under which values are written in another form."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A key of a response."""

    hint: Hint
    is_always: bool
    """Whether it is always written."""


def writes_itself(hint: Hint) -> bool:
    """Whether an annotation brings a serializer along."""
    while True:
        if origin(hint) is typing.Annotated:
            if any(_is_serializer(each) for each in hint.__metadata__):
                return True
            hint = typing.get_args(hint)[0]
        elif is_union(hint) and is_optional(hint):
            return any(writes_itself(member) for member in typing.get_args(hint))
        elif hasattr(hint, "__supertype__") or hasattr(hint, "__value__"):
            hint = getattr(hint, "__supertype__", None) or hint.__value__
        else:
            return False


def _is_serializer(metadata: object) -> bool:
    module = type(metadata).__module__
    is_foreign = hasattr(metadata, "__get_pydantic_core_schema__") and module[:8] != "pydantic"
    return is_foreign or module == "pydantic.functional_serializers"


@lru_cache(maxsize=1024)
def response_fields(hint: Hint) -> Mapping[str, Field] | str:
    """The keys of a model, a dataclass or a TypedDict; or why they are not just its fields."""
    model = origin(hint) or hint
    if _has_serializers(model):
        return f"{spell(hint)} has a serializer of its own, which PostgreSQL does not call"
    given = dict(zip(getattr(model, "__parameters__", ()), typing.get_args(hint), strict=False))
    fields = {
        name: dataclasses.replace(field, hint=_substituted(field.hint, given))
        for name, field in _fields(model)
    }
    published = _published(hint)
    if published is None:
        return f"pydantic makes no schema of {spell(hint)}"
    if published != fields.keys():
        return f"the keys that pydantic writes for {spell(hint)} are not just its fields"
    return fields


def _fields(model: Hint) -> Iterator[tuple[str, Field]]:
    """The fields as they are declared, each under its alias."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, info in model.model_fields.items():
            yield from _field(name, info, info.rebuild_annotation())
        return
    hints = typing.get_type_hints(model, include_extras=True)
    if is_typeddict(model):
        for name, declared in hints.items():
            is_marked = origin(declared) in (typing.Required, typing.NotRequired)
            hint = typing.get_args(declared)[0] if is_marked else declared
            key = _key(name, FieldInfo.from_annotation(hint))
            yield key, Field(hint, name in model.__required_keys__)
        return
    for each in dataclasses.fields(model):
        default = each.default if isinstance(each.default, FieldInfo) else ...
        info = FieldInfo.from_annotated_attribute(hints[each.name], default)
        yield from _field(each.name, info, hints[each.name])


def _field(name: str, info: FieldInfo, hint: Hint) -> Iterator[tuple[str, Field]]:
    if not info.exclude:
        yield _key(name, info), Field(hint, is_always=getattr(info, "exclude_if", None) is None)


def _key(name: str, info: FieldInfo) -> str:
    return info.serialization_alias or info.alias or name


def _substituted(hint: Hint, given: Mapping[Any, Hint]) -> Hint:
    """A hint with type variables replaced."""
    if isinstance(hint, typing.TypeVar):
        return given.get(hint, hint)
    parameters = () if isinstance(hint, type) else getattr(hint, "__parameters__", ())
    if not parameters or not given:
        return hint
    return hint[tuple(given.get(each, each) for each in parameters)]


def _has_serializers(model: Hint) -> bool:
    """Whether methods of a class write it, or parts of it."""
    for base in model.__mro__ if isinstance(model, type) else ():
        for each in vars(base).values():
            info = type(getattr(each, "decorator_info", None)).__name__
            if "Serializer" in info or "Computed" in info:
                return True
    config = getattr(model, "model_config", getattr(model, "__pydantic_config__", {}))
    if _CHANGES_FORM & config.keys():
        return True
    found = getattr(model, "__pydantic_decorators__", None)
    return found is not None and bool(found.field_serializers or found.model_serializers)


def _published(hint: Hint) -> frozenset[str] | None:
    """The keys in pydantic's own JSON schema of a response; None where it makes none."""
    try:
        schema = TypeAdapter(hint).json_schema(mode="serialization", ref_template="{model}")
    except (PydanticUserError, PydanticSchemaGenerationError):
        return None
    if "$ref" in schema:
        schema = schema["$defs"][schema["$ref"]]
    return frozenset(schema.get("properties", ()))
