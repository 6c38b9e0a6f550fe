"""The shape of JSON that a statement builds, against what is declared for it."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlcheck import matching
from sqlcheck.catalog import Catalog
from sqlcheck.facts import returning_scope
from sqlcheck.finding import Complaint
from sqlcheck.hints import (
    Hint,
    built,
    core,
    element,
    holds_built,
    is_model,
    is_optional,
    model_fields,
    origin,
    spell,
)
from sqlcheck.origins import Place, results
from sqlcheck.responses import strays
from sqlcheck.results import label, paired
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
    one_of,
    shape_of,
)
from sqlcheck.tree import Node
from sqlcheck.variants import Variant


def json_rules(variant: Variant) -> Iterator[Complaint]:
    """JSON that the statement builds fits the model that its field declares."""
    yield from _mixed(variant)
    catalog = variant.analysis.catalog
    scope = returning_scope(variant.analysis, variant.tree)
    for name, shape, expression, wanted in built_columns(variant):
        is_alone = variant.stub.fields is None
        path = f"{variant.stub.name}()" if is_alone else label(variant, name)
        for told in strays(catalog, shape, wanted, path):
            yield Complaint("json", told, "", variant.offset(expression))
    is_read = not variant.tree["setOperations"]
    for _, found, expression, declared in paired(variant):
        where, path = variant.offset(expression), label(variant, found.name)
        kind = catalog.types[found.type].name
        if holds_built(declared) and built(declared) is None:
            told = f"{path} is {spell(declared)}, and `Json` is only proved as a column of its own"
            yield Complaint("json", told, "declare Json[...] for the whole column", where)
        elif is_read and built(declared) is None and kind in matching.JSON:
            shape = shape_of(variant.analysis, expression, scope)
            for told in mismatches(catalog, shape, declared, path):
                yield Complaint("json", told, "", where)


def built_columns(variant: Variant) -> Iterator[tuple[str, Shape, Node, Hint]]:
    """Name, shape and expression of each column that is declared `Json[T]`, with T."""
    places: list[list[Place]] = []
    for at, found, expression, declared in paired(variant):
        wanted = built(declared)
        kind = variant.analysis.catalog.types[found.type].name
        if wanted is not None and kind in matching.JSON:
            places = places or results(variant.analysis, variant.tree)
            shape = one_of(shape_of(variant.analysis, *place) for place in places[at])
            yield found.name, shape, expression, wanted


def _mixed(variant: Variant) -> Iterator[Complaint]:
    """JSON arrives unread in every column of a row, or in none."""
    columns = list(paired(variant))
    if all(built(declared) is None for *_, declared in columns):
        return
    for _, found, expression, declared in columns:
        kind = variant.analysis.catalog.types[found.type]
        inner = core(element(core(declared)))
        is_decoded = kind.name in matching.JSON or (
            isinstance(inner, type) and issubclass(inner, Enum)
        )
        if is_decoded and not holds_built(declared):
            told = f"{label(variant, found.name)} is {spell(declared)}, beside a column of `Json`"
            hint = "a row holds what is read on arrival, or `Json`: not both"
            yield Complaint("json", told, hint, variant.offset(expression))


# ---- against a model that reads it ----

_AS_TEXT = frozenset(["uuid", "timestamptz", "timestamp", "date", "time", "timetz", "inet"])
_NOT_IN_JSON = frozenset(["interval", "bytea"])


def mismatches(catalog: Catalog, shape: Shape, hint: Hint, path: str) -> Iterator[str]:
    """Where the shape and the type that is to read it part; what is unknown is left to run time."""
    inner = core(hint)
    is_dict = (origin(inner) or inner) is dict and not isinstance(shape, Array)
    if inner in (Any, object) or is_dict:
        return
    if isinstance(shape, OneOf):
        for each in shape.shapes:
            yield from mismatches(catalog, each, hint, path)
    elif isinstance(shape, Null):
        if not is_optional(hint):
            yield f"{path} can be null: it is JSON's own null"
    elif isinstance(shape, Object):
        yield from _against_model(catalog, shape, inner, path)
    elif isinstance(shape, Array):
        yield from _against_list(catalog, shape, inner, path)
    elif isinstance(shape, Scalar):
        yield from _against_scalar(catalog, shape, inner, path)
    else:
        assert isinstance(shape, Dictionary | Stored | Unknown)


def _against_list(catalog: Catalog, shape: Array, inner: Hint, path: str) -> Iterator[str]:
    item = element(inner)
    if item is None:
        yield f"{path} is a JSON array, not {spell(inner)}"
        return
    if shape.reason and not is_optional(item):
        yield f"{path}[] can be null: {shape.reason}"
    if shape.item is not None:
        yield from mismatches(catalog, shape.item, item, f"{path}[]")


def _against_model(catalog: Catalog, shape: Object, inner: Hint, path: str) -> Iterator[str]:
    if not is_model(inner):
        yield f"{path} is a JSON object, not {spell(inner)}"
        return
    fields, required = model_fields(inner)
    for name, (value, reason) in shape.members.items():
        if name not in fields:
            yield f"{path}.{name} is not a field of {spell(inner)}"
            continue
        if reason and not is_optional(fields[name]):
            yield f"{path}.{name} can be null: {reason}"
        yield from mismatches(catalog, value, fields[name], f"{path}.{name}")
    for name in sorted(required - shape.members.keys()):
        yield f"{path} has no key `{name}`"


def _against_scalar(catalog: Catalog, shape: Scalar, inner: Hint, path: str) -> Iterator[str]:
    kind = catalog.types[catalog.base(shape.type)]
    if kind.name in _NOT_IN_JSON:
        yield f"{path} is {kind.name}, which JSON carries as text of PostgreSQL's own form"
    elif (inner is str and kind.name in _AS_TEXT) or (
        kind.name == "numeric" and inner in (int, float, Decimal)
    ):
        return
    elif told := matching.received(catalog, shape.type, inner, shape.choices):
        yield f"{path}: {told}"
