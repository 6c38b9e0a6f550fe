"""A value for each annotation, so that psycopg itself says as which type it travels."""

import datetime as dt
import enum
import ipaddress
import typing
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from pydantic import AwareDatetime, NaiveDatetime

from sqlcheck.hints import Hint, core, element, is_model, labels, origin

_NOON = dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC)
_SAMPLES: dict[Hint, object] = {
    bool: True,
    int: 1,
    float: 1.0,
    str: "",
    bytes: b"",
    UUID: UUID(int=0),
    Decimal: Decimal(1),
    dt.date: _NOON.date(),
    dt.time: _NOON.time(),
    dt.timedelta: dt.timedelta(1),
    dt.datetime: _NOON,
    AwareDatetime: _NOON,
    NaiveDatetime: _NOON.replace(tzinfo=None),
    Jsonb: Jsonb({}),
    Json: Json({}),
    ipaddress.IPv4Address: ipaddress.IPv4Address(0),
    ipaddress.IPv6Address: ipaddress.IPv6Address(0),
    ipaddress.IPv4Interface: ipaddress.IPv4Interface(0),
    ipaddress.IPv6Interface: ipaddress.IPv6Interface(0),
    ipaddress.IPv4Network: ipaddress.IPv4Network(0),
    ipaddress.IPv6Network: ipaddress.IPv6Network(0),
}


def sample(hint: Hint) -> Any:
    """A value that a call could pass; None where the annotation gives no idea."""
    hint = core(hint)
    values = labels(hint)
    if values:
        return next(iter(hint)) if isinstance(hint, enum.EnumMeta) else min(values, key=str)
    if is_model(hint) or (origin(hint) or hint) is dict:
        return Jsonb({})
    inner = element(hint)
    if inner is not None:
        value = sample(inner)
        return Jsonb([]) if isinstance(value, Jsonb) else [value]
    arguments = typing.get_args(hint)
    if origin(hint) is Range:
        return Range(sample(arguments[0]))
    if origin(hint) is Multirange:
        return Multirange([Range(sample(arguments[0]))])
    return sample(arguments[0]) if arguments else _SAMPLES.get(hint)
