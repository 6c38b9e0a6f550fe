import csv
from collections import Counter
from pathlib import Path

from demo import inventory
from src.applets import items

DATA = Path(inventory.__file__).parent / "data"
NAMES = [f"{scale}{number}" for scale in "ACENO" for number in range(1, 6)]


def test_the_questionnaire_is_a_sound_draft() -> None:
    assert items.check(inventory.questionnaire()) == []


def test_it_asks_25_items_with_six_answers_each() -> None:
    (activity,) = inventory.questionnaire()["activities"]

    assert [item["name"] for item in activity["items"]] == NAMES
    for item in activity["items"]:
        options = item["values"]["options"]
        assert [(one["value"], one["score"]) for one in options] == [(n, n) for n in range(1, 7)]
        assert item["question"]["en"].strip()
        assert item["config"]["skippable"]


def test_the_scales_turn_the_items_that_the_source_turns() -> None:
    with (DATA / "bfi.keys.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    source = {
        scale: [row[scale] for row in rows if row[scale]]
        for scale in rows[0]
        if scale != "rownames"
    }
    (activity,) = inventory.questionnaire()["activities"]

    found = {
        score["name"]: [
            one if isinstance(one, str) else f"-{one['item']}"
            for one in score["items"]
            if isinstance(one, str) or one["reverse"]
        ]
        for score in activity["scores_and_reports"]["scores"]
    }

    assert found == source
    assert {scale: len(listed) for scale, listed in found.items()} == dict.fromkeys(source, 5)
    assert sorted(key.removeprefix("-") for listed in found.values() for key in listed) == NAMES


def test_there_are_2800_answer_sets_and_what_is_missing_is_missing() -> None:
    found = list(inventory.answer_sets())

    assert len(found) == len({one.person for one in found}) == 2800
    with (DATA / "bfi.csv").open(newline="") as file:
        for row, one in zip(csv.DictReader(file), found, strict=True):
            assert one.person == row["rownames"]
            assert {name: str(value) for name, value in one.values.items()} == {
                name: row[name] for name in NAMES if row[name]
            }
    counts = Counter(value for one in found for value in one.values.values())
    assert counts.keys() == set(range(1, 7))
    assert counts.total() < 2800 * len(NAMES)
