"""What a payload's fields do with values that nobody means to send."""

from collections.abc import Iterator
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from src.schemas import Payload
from tests import documented

documented.application()
"""Every domain's payloads are known once its routes are."""

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    "",
    " ",
    "\0",
    "\ud800",
    "a" * 100_000,
    [],
    [None],
    {},
]


def payloads(above: type[Payload] = Payload) -> Iterator[type[Payload]]:
    for payload in above.__subclasses__():
        yield payload
        yield from payloads(payload)


FIELDS = {
    f"{payload.__name__}.{name}": field
    for payload in payloads()
    if payload.__module__.startswith("src.")
    for name, field in payload.model_fields.items()
}

OF_ITEMS = {one.__name__ for one in payloads() if one.__module__.startswith("src.applets.items")}


def checking(field: FieldInfo) -> TypeAdapter[Any]:
    form: Any = Annotated
    return TypeAdapter(form[(field.annotation, *field.metadata, field)])


def takes(field: FieldInfo, value: object) -> bool:
    try:
        checking(field).validate_python(value)
    except ValidationError:
        return False
    return True


def of_kind(kind: object) -> dict[str, FieldInfo]:
    """The fields that hold such a value, or none; a questionnaire has rules of its own."""
    return {
        name: field
        for name, field in FIELDS.items()
        if name.partition(".")[0] not in OF_ITEMS
        and kind in (field.annotation, *bare(field.annotation))
    }


def bare(annotation: object) -> list[object]:
    """The members of a union, without what is annotated to them."""
    members = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ()
    return [get_args(one)[0] if get_origin(one) is Annotated else one for one in members]


@pytest.mark.parametrize("name", FIELDS)
def test_an_odd_value_is_taken_or_refused_but_breaks_nothing(name: str) -> None:
    for value in ODD:
        takes(FIELDS[name], value)


def test_nothing_but_true_and_false_stands_for_them() -> None:
    fields = of_kind(bool)

    assert len(fields) > 5
    for name, field in fields.items():
        assert all(takes(field, value) for value in (False, True)), name
        assert not any(takes(field, value) for value in (0, 1, "true", "no", 1.0)), name


def test_no_text_stands_for_a_number() -> None:
    fields = of_kind(int)

    assert len(fields) > 2
    for name, field in fields.items():
        assert takes(field, 300), name
        assert not any(takes(field, value) for value in ("300", True, "1")), name


def test_no_number_stands_for_a_time() -> None:
    fields = of_kind(datetime) | of_kind(AwareDatetime)

    assert len(fields) > 1
    for name, field in fields.items():
        assert takes(field, "2026-03-29T00:58:11+01:00"), name
        assert not any(takes(field, value) for value in (0, 1.5, "0.5", "1700000000")), name
