"""Small drafts to start from; a test changes what it is about."""

import copy
from collections.abc import Sequence

from src.applets import items
from src.applets.items import Assessment, Form
from src.exceptions import Invalid

Json = dict[str, object]
Path = Sequence[str | int]


def item(kind: str, name: str, **fields: object) -> Json:
    """An item with what its type cannot do without; fields replace."""
    values: Json = {}
    if kind in {"single_select", "multi_select"}:
        values = {"values": {"options": options(0, 1, 2)}}
    return {"type": kind, "name": name, "question": f"{name}?", **values, **fields}


def options(*scores: float) -> list[Json]:
    """Options valued 0, 1, ... with these scores."""
    return [
        {"text": f"option {value}", "value": value, "score": score}
        for value, score in enumerate(scores)
    ]


def condition(name: str, operator: str, match: str = "all", /, **payload: object) -> Json:
    return {
        "match": match,
        "conditions": [{"item_name": name, "type": operator, "payload": payload}],
    }


def score(name: str, calculation: str, *listed: object) -> Json:
    return {"name": name, "calculation": calculation, "items": list(listed)}


def activity(*listed: Json, scores: Sequence[Json] = (), **fields: object) -> Json:
    return {
        "name": "mood",
        "items": list(listed),
        "scores_and_reports": {"scores": list(scores)},
        **fields,
    }


def draft(*activities: Json) -> Json:
    return {"name": "Diary", "activities": list(activities)}


def full() -> Json:
    """A sound draft with every type of item, conditions and scores."""
    return draft(
        activity(
            item("message", "hello"),
            item(
                "single_select",
                "mood",
                config={"add_scores": True, "set_alerts": True},
                values={
                    "options": [
                        {"id": "a", "text": "fine", "value": 0, "score": 0},
                        {"id": "b", "text": {"en": "low"}, "value": 1, "score": 1.5, "alert": "!"},
                    ]
                },
            ),
            item(
                "multi_select",
                "signs",
                config={"add_scores": True, "skippable": True},
                values={
                    "options": [
                        {"text": "tired", "value": 1, "score": 1},
                        {"text": "restless", "value": 2, "score": 2},
                        {"text": "none", "value": 4, "score": 0, "is_none_above": True},
                    ]
                },
            ),
            item(
                "slider",
                "pain",
                config={"add_scores": True, "set_alerts": True, "skippable": True},
                values={
                    "min_value": 0,
                    "max_value": 3,
                    "scores": [0, 1, 2, 4],
                    "alerts": [{"value": 3, "alert": "strong"}],
                },
            ),
            item("number_select", "hours", config={"skippable": True}, values={"max_value": 24}),
            item("date", "since", config={"skippable": True}),
            item(
                "text",
                "why",
                config={"max_length": 20},
                condition=condition("mood", "EQUAL_TO_OPTION", option_value="1"),
            ),
            item("paragraph_text", "more"),
            scores=[
                score("total", "sum", "mood", "pain", "hours"),
                score("mean", "average", {"item": "mood", "reverse": True}, "signs"),
            ],
            key="M",
        ),
        activity(item("text", "note"), name="sleep", key="S"),
    )


def changed(tree: Json, *changes: tuple[Path, object]) -> Json:
    """The tree with values put at places; a place may be new."""
    tree = copy.deepcopy(tree)
    for path, value in changes:
        node: object = tree
        for part in path[:-1]:
            node = _step(node, part)
        last = path[-1]
        if isinstance(node, dict):
            node[last] = value
        elif isinstance(node, list):
            node[int(last)] = value
    return tree


def rows(node: object) -> list[Json]:
    """The objects in a list."""
    assert isinstance(node, list)
    return node


def _step(node: object, part: str | int) -> object:
    if isinstance(node, dict):
        return node.setdefault(part, {})
    assert isinstance(node, list)
    return node[int(part)]


def findings(tree: object) -> set[tuple[str, str]]:
    """Each finding as (pointer, code)."""
    return {(error.pointer, error.code) for error in items.check(tree)}


def form(*listed: Json, scores: Sequence[Json] = ()) -> Form:
    """A form of these items, by the whole way that published content takes."""
    tree = draft(activity(*listed, scores=scores))
    assert items.check(tree) == []
    content = items.normalise(items.AppletDraft.model_validate(tree))
    return items.compile_activity(rows(content["activities"])[0])


def values(assessment: Assessment) -> dict[str, object]:
    """The stored value of each item, without its wrapper."""
    return {
        name: entry["value"] for name, entry in assessment.values.items() if isinstance(entry, dict)
    }


def refusals(form: Form, payload: Json) -> list[tuple[str, str]]:
    """Each error of a refused payload as (pointer, code); none when it is accepted."""
    try:
        items.assess(form, payload)
    except Invalid as invalid:
        return [(error.pointer, error.code) for error in invalid.errors]
    return []
