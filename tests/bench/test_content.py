import json

import pytest

from bench.content import difference, normal


def _difference(endpoint: str, one: object, other: object) -> str | None:
    return difference(normal(endpoint, json.dumps(one)), normal(endpoint, json.dumps(other)))


def test_the_order_of_keys_and_the_spelling_of_instants_do_not_matter() -> None:
    one = {"at": "2026-01-02T03:04:05.678901Z", "name": "Ann", "mean": 3.0}
    other = {"mean": 3, "name": "Ann", "at": "2026-01-02T04:04:05.678+01:00"}

    assert _difference("read", one, other) is None


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ({"a": 1}, {"a": 2}, "/a"),
        ({"a": 1}, {"a": 1, "b": None}, "b"),
        ([{"a": [1, 2]}], [{"a": [1]}], "/0/a"),
        ({"at": "2026-01-02T03:04:05Z"}, {"at": "2026-01-02T03:04:06Z"}, "/at"),
        ({"a": None}, {"a": {}}, "/a"),
    ],
)
def test_anything_else_that_differs_is_found_at_its_place(
    one: object, other: object, place: str
) -> None:
    assert place in (_difference("read", one, other) or "")


def test_a_fresh_value_may_differ_but_must_be_there_and_of_its_type() -> None:
    assert _difference("create", {"id": "x", "name": "n"}, {"id": "y", "name": "n"}) is None
    assert _difference("create", {"id": "x"}, {"id": 1}) is not None
    assert _difference("create", {"id": "x"}, {}) is not None
