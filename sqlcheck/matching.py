"""Which Python types stand for which PostgreSQL types, in each direction, under psycopg 3."""

import datetime as dt
import enum
import ipaddress
import types
import typing
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from pydantic import AwareDatetime, NaiveDatetime

from sqlcheck.catalog import Catalog, Choices, Type
from sqlcheck.hints import (
    Hint,
    bare,
    built,
    core,
    element,
    is_model,
    is_union,
    labels,
    origin,
    spell,
)

_ADDRESSES = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Interface,
    ipaddress.IPv6Interface,
)
_NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)
PYTHON: dict[str, tuple[Hint, ...]] = {
    "bool": (bool,),
    "int2": (int,),
    "int4": (int,),
    "int8": (int,),
    "oid": (int,),
    "xid": (str,),
    "float4": (float,),
    "float8": (float,),
    "numeric": (Decimal,),
    "text": (str,),
    "varchar": (str,),
    "bpchar": (str,),
    "name": (str,),
    "char": (str,),
    "citext": (str,),
    "tsvector": (str,),
    "tsquery": (str,),
    "xml": (str,),
    "regclass": (str,),
    "uuid": (UUID,),
    "bytea": (bytes,),
    "date": (dt.date,),
    "time": (dt.time,),
    "timetz": (dt.time,),
    "interval": (dt.timedelta,),
    "timestamptz": (dt.datetime, AwareDatetime),
    "timestamp": (NaiveDatetime,),
    "inet": _ADDRESSES,
    "cidr": _NETWORKS,
    "void": (types.NoneType,),
}
"""What psycopg makes of each type."""

_ALSO_SENT: dict[str, tuple[Hint, ...]] = {
    "numeric": (int,),
    "float8": (int,),
    "float4": (int,),
}
TEXTUAL = frozenset(["text", "varchar", "bpchar", "name", "citext"])
JSON = frozenset(["json", "jsonb"])
_RANGES = "rm"


def received(catalog: Catalog, oid: int, hint: Hint, choices: Choices | None = None) -> str | None:
    """Why a result column of this type does not fit the annotation."""
    return _compared(catalog, oid, hint, choices, sent=False)


def sent(catalog: Catalog, oid: int, hint: Hint, choices: Choices | None = None) -> str | None:
    """Why a parameter annotated so does not fit the type that the SQL asks for."""
    return _compared(catalog, oid, hint, choices, sent=True)


def _compared(
    catalog: Catalog, oid: int, hint: Hint, choices: Choices | None, *, sent: bool
) -> str | None:
    hint = core(hint)
    allowed = catalog.allowed(oid)
    choices = choices if allowed is None else allowed
    oid = catalog.base(oid)
    kind = catalog.types[oid]
    wrong = f"{catalog.spell(oid)} is not {spell(hint)}"
    values = labels(hint)
    if values is not None:
        return _against_values(kind, hint, values, choices, wrong, sent=sent)
    if kind.labels:
        return None if hint is str and not sent else f"declare its values: {literal(kind.labels)}"
    if kind.element:
        inner = element(hint)
        return wrong if inner is None else _compared(catalog, kind.element, inner, None, sent=sent)
    if kind.name in JSON:
        return None if _is_json(hint, sent=sent) else wrong
    return None if _is_scalar(catalog, kind, hint, sent=sent) else _scalar_wrong(kind, hint, wrong)


def _against_values(
    kind: Type,
    hint: Hint,
    values: frozenset[Any],
    choices: Choices | None,
    wrong: str,
    *,
    sent: bool,
) -> str | None:
    if sent and isinstance(hint, enum.EnumMeta) and not issubclass(hint, str):
        return f"psycopg sends the names of {spell(hint)}, not its values: make it a StrEnum"
    if not kind.labels and not _holds(kind, values):
        return wrong
    if choices is None:
        told = f"{kind.name} may hold values other than {spell(hint)}; add a CHECK constraint"
        return None if sent or kind.name not in TEXTUAL else told
    if sent:
        extra = values - choices
        return f"{kind.name} does not allow {listed(extra)}" if extra else None
    lacking = choices - values
    return f"{spell(hint)} lacks {listed(lacking)}" if lacking else None


def _holds(kind: Type, values: frozenset[Any]) -> bool:
    """Whether a type without labels can hold these values at all."""
    if kind.name in TEXTUAL:
        return all(isinstance(value, str) for value in values)
    options = PYTHON.get(kind.name, ())
    return all(type(value) in options for value in values) and bool in options


def _is_json(hint: Hint, *, sent: bool) -> bool:
    if hint is Any or hint is object or built(hint) is not None:
        return not sent
    if is_union(hint):
        return all(_is_json(member, sent=sent) for member in typing.get_args(hint))
    if (origin(hint) or hint) is dict or is_model(hint) or hint in (Jsonb, Json):
        return True
    inner = element(hint)
    return inner is not None and (not sent or _is_json(core(inner), sent=True))


def _is_scalar(catalog: Catalog, kind: Type, hint: Hint, *, sent: bool) -> bool:
    if kind.kind in _RANGES:
        arguments = typing.get_args(hint)
        fits = (origin(hint) or hint) is (Range if kind.kind == "r" else Multirange)
        return fits and not (
            arguments and _compared(catalog, kind.subtype, arguments[0], None, sent=sent)
        )
    options = PYTHON.get(kind.name, ()) + (_ALSO_SENT.get(kind.name, ()) if sent else ())
    members = typing.get_args(hint) if is_union(hint) else (hint,)
    return all(member in options or bare(member) in options for member in members)


def _scalar_wrong(kind: Type, hint: Hint, wrong: str) -> str:
    if kind.name == "timestamp" and hint is dt.datetime:
        return "timestamp has no time zone: make the column timestamptz, or declare NaiveDatetime"
    return wrong


def listed(values: frozenset[Any]) -> str:
    return ", ".join(sorted(map(repr, values)))


def literal(values: typing.Iterable[str]) -> str:
    return f"Literal[{', '.join(map(repr, values))}]"


def annotation_for(catalog: Catalog, oid: int) -> str:
    """The usual annotation for a type."""
    if choices := catalog.allowed(oid):
        kind = catalog.types[catalog.base(oid)]
        return literal(kind.labels or sorted(choices))
    kind = catalog.types[catalog.base(oid)]
    if kind.element:
        return f"list[{annotation_for(catalog, kind.element)}]"
    if kind.name in JSON:
        return "dict[str, object]"
    if kind.kind in _RANGES:
        name = "Range" if kind.kind == "r" else "Multirange"
        return f"{name}[{annotation_for(catalog, kind.subtype)}]"
    options = PYTHON.get(kind.name, (object,))
    return " | ".join(map(spell, options if kind.name in ("inet", "cidr") else options[:1]))
