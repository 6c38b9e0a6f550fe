import json

import pytest

from src.applets.items import AppletDraft, Content, next_label, normalise, sha256
from tests.applets.items import building
from tests.applets.items.building import Json, changed, item, rows

ITEMS = ("activities", 0, "items")


def tree(draft: Json) -> Content:
    return normalise(AppletDraft.model_validate(draft))


def test_options_without_a_value_follow_the_highest() -> None:
    options = [{"text": "a"}, {"text": "b", "value": 5}, {"text": "c"}, {"text": "d", "value": 2}]
    select = item("single_select", "mood", values={"options": options})

    content = tree(building.draft(building.activity(select)))

    values = rows(rows(content["activities"])[0]["items"])[0]["values"]
    assert isinstance(values, dict)
    assert [option["value"] for option in values["options"]] == [6, 5, 7, 2]


def test_options_that_all_lack_a_value_count_from_zero() -> None:
    select = item("single_select", "mood", values={"options": [{"text": "a"}, {"text": "b"}]})

    content = tree(building.draft(building.activity(select)))

    values = rows(rows(content["activities"])[0]["items"])[0]["values"]
    assert isinstance(values, dict)
    assert [option["value"] for option in values["options"]] == [0, 1]


def test_content_is_sound_as_a_draft_and_its_own_canonical_form() -> None:
    content = tree(building.full())

    assert building.findings(content) == set()
    assert tree(content) == content


def test_defaults_are_filled_in_and_what_is_absent_is_left_out() -> None:
    text = rows(rows(tree(building.full())["activities"])[1]["items"])[0]

    assert text == {
        "type": "text",
        "name": "note",
        "question": {"en": "note?"},
        "is_hidden": False,
        "allow_edit": False,
        "config": {
            "remove_back_button": False,
            "max_length": 300,
            "numeric_only": False,
            "is_data_identifier": False,
            "required": False,
        },
    }


def test_a_score_item_is_written_as_short_as_it_may() -> None:
    reports = rows(tree(building.full())["activities"])[0]["scores_and_reports"]

    assert isinstance(reports, dict)
    assert reports["scores"][1]["items"] == [{"item": "mood", "reverse": True}, "signs"]


def test_the_same_said_in_another_way_has_the_same_hash() -> None:
    one = building.full()
    other = changed(
        json.loads(json.dumps(one, sort_keys=True)),
        ((*ITEMS, 0, "question"), {"en": "hello?"}),
        ((*ITEMS, 1, "values", "options", 0, "score"), 0.0),
        ((*ITEMS, 1, "is_hidden"), False),
        ((*ITEMS, 6, "condition", "conditions", 0, "payload", "option_value"), 1),
    )

    assert sha256(tree(one)) == sha256(tree(other))


def test_handles_are_no_part_of_what_is_hashed() -> None:
    other = changed(
        building.full(),
        (("activities", 0, "id"), "0190a0f4-0000-7000-8000-00000000000a"),
        (("activities", 0, "key"), "other"),
        ((*ITEMS, 0, "id"), "0190a0f4-0000-7000-8000-00000000000b"),
    )
    one, two = tree(building.full()), tree(other)

    assert sha256(one) == sha256(two)
    assert sha256(rows(one["activities"])[0]) == sha256(rows(two["activities"])[0])


def test_the_hash_survives_a_round_trip_through_json() -> None:
    content = tree(building.full())

    assert sha256(json.loads(json.dumps(content))) == sha256(content)


@pytest.mark.parametrize(
    "change",
    [
        ((*ITEMS, 0, "question"), "hello!"),
        ((*ITEMS, 1, "values", "options", 0, "id"), "z"),
        (("activities", 0, "is_hidden"), True),
        (("activities", 0, "scores_and_reports", "scores", 0, "calculation"), "average"),
    ],
)
def test_anything_said_differently_has_another_hash(change: tuple[building.Path, object]) -> None:
    assert sha256(tree(building.full())) != sha256(tree(changed(building.full(), change)))


def label(old: Json, new: Json, previous: str = "1.4.2") -> str:
    return next_label(previous, tree(old), tree(new))


def test_the_first_label_is_1_1_0() -> None:
    assert next_label(None, None, tree(building.full())) == "1.1.0"


def test_a_new_text_raises_the_last_number() -> None:
    new = changed(building.full(), ((*ITEMS, 0, "question"), "hello!"))

    assert label(building.full(), new) == "1.4.3"


def test_items_in_another_order_raise_the_last_number() -> None:
    old = building.draft(building.activity(item("text", "a"), item("text", "b")))
    new = building.draft(building.activity(item("text", "b"), item("text", "a")))

    assert label(old, new) == "1.4.3"


@pytest.mark.parametrize(
    "names", [["a"], ["a", "b", "c"], ["a", "c"]], ids=["removed", "added", "replaced"]
)
def test_another_set_of_items_raises_the_middle_number(names: list[str]) -> None:
    old = building.draft(building.activity(item("text", "a"), item("text", "b")))
    new = building.draft(building.activity(*(item("text", name) for name in names)))

    assert label(old, new) == "1.5.0"


@pytest.mark.parametrize(
    "names", [["a"], ["a", "b", "c"], ["a", "c"]], ids=["removed", "added", "replaced"]
)
def test_another_set_of_activities_raises_the_first_number(names: list[str]) -> None:
    old = building.draft(building.activity(name="a"), building.activity(name="b"))
    new = building.draft(*(building.activity(name=name) for name in names))

    assert label(old, new) == "2.0.0"


def test_an_activity_renamed_under_its_id_stays_the_same_activity() -> None:
    known = "0190a0f4-0000-7000-8000-00000000000a"
    old = building.draft(building.activity(name="a", id=known))

    assert label(old, building.draft(building.activity(name="b", id=known))) == "1.4.3"
    assert label(old, building.draft(building.activity(name="a"))) == "1.4.3"
    assert label(old, building.draft(building.activity(name="b"))) == "2.0.0"


def test_another_activity_under_an_old_name_is_another_activity() -> None:
    old = building.draft(building.activity(id="0190a0f4-0000-7000-8000-00000000000a"))
    new = building.draft(building.activity(id="0190a0f4-0000-7000-8000-00000000000b"))

    assert label(old, new) == "2.0.0"
