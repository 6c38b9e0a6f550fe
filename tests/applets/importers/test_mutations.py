"""Sources damaged at random: a sound draft or a refusal, and never anything else."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets import items
from src.applets.importers import reproschema
from src.exceptions import Invalid
from tests.applets.importers import sources
from tests.applets.importers.sources import (
    OLD_ACTIVITY,
    OLD_ITEM,
    activity,
    choice,
    folder,
    question,
    radio,
    zipped,
)

Place = tuple[str | int, ...]

FILES = {
    **folder(
        activity(
            ["owl", "wren", "slide", "count", "several", "note"],
            visible={"wren": "owl > 0", "slide": "owl == 1 && wren != 2", "note": False},
            required=["owl"],
            compute={"total": "owl + (2 - wren) + slide", "mean": "(owl + wren) / 2"},
            preamble={"en": "Birds", "de": "Vögel"},
            citation="Birder",
        ),
        owl=radio(0, 1, 2),
        wren=radio(0, 1, 2),
        slide=question("slider", minValue=0, maxValue=5, choices=[choice(0), choice(5)]),
        count=question("number", minValue=0, maxValue=9, valueType=["xsd:integer"]),
        several=question("select", choices=[choice(1), choice("x")], multipleChoice=True),
        note=question("textarea", maxLength=20),
    ),
    "old/birds_schema": OLD_ACTIVITY,
    "old/items/owl": OLD_ITEM,
    "study": {"category": "Protocol", "prefLabel": "S", "ui": {"order": ["birds/birds_schema"]}},
}


def _places(node: object, path: Place = ()) -> list[Place]:
    inner = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))]


PLACES = _places(FILES)[1:]

_garbage = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        ["owl", "items/owl", "owl > 0", "owl + wren", "../x", "radio", "slider", "x" * 30_000]
    )
    | st.sampled_from(
        [10**400, "\ud800", "a\0b", "http://[", "true", "1e999", "birds/birds_schema"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "value",
                    "@id",
                    "id",
                    "@list",
                    "en",
                    "@value",
                    "@language",
                    "choices",
                    "e n",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)
_changes = st.lists(
    st.tuples(st.sampled_from(PLACES), st.booleans(), _garbage), min_size=1, max_size=5
)


def damaged(changes: list[tuple[Place, bool, object]]) -> dict[str, object]:
    files = copy.deepcopy(FILES)
    for path, remove, value in changes:
        node: object = files
        for part in path[:-1]:
            node = _child(node, part)
        _change(node, path[-1], value, remove=remove and len(path) > 1)
    return files


def _child(node: object, part: str | int) -> object:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None


def _change(node: object, last: str | int, value: object, *, remove: bool) -> None:
    if isinstance(node, dict):
        node[last] = value
        if remove:
            del node[last]
    if isinstance(node, list) and isinstance(last, int) and last < len(node):
        node[last : last + 1] = [] if remove else [value]


def judge(data: bytes) -> None:
    try:
        imported = reproschema.read(data)
    except Invalid as invalid:
        faults = invalid.errors
        json.dumps([error.pointer for error in faults], ensure_ascii=False).encode()
    else:
        faults = ()
        assert items.check(imported.draft) == []
        for entry in imported.report.entries:
            f"{entry.source}{entry.code}{entry.detail}".encode()
    assert all(error.pointer == "" or error.pointer[0] == "/" for error in faults)


@settings(max_examples=120, deadline=None)
@given(_changes)
def test_damaged_documents_give_a_sound_draft_or_a_refusal(
    changes: list[tuple[Place, bool, object]],
) -> None:
    judge(zipped(damaged(changes)))


@settings(max_examples=60, deadline=None)
@given(_changes)
def test_damaged_graphs_give_a_sound_draft_or_a_refusal(
    changes: list[tuple[Place, bool, object]],
) -> None:
    nodes = [
        {"@id": path, **file} if isinstance(file, dict) else file
        for path, file in damaged(changes).items()
    ]
    judge(json.dumps({"@graph": nodes}).encode())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_archives_give_a_sound_draft_or_a_refusal(changes: list[tuple[int, int]]) -> None:
    data = bytearray(sources.zipped(folder(activity(["owl"]), owl=radio(0, 1))))
    for place, byte in changes:
        data[place % len(data)] = byte
    judge(bytes(data))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    judge(data)
