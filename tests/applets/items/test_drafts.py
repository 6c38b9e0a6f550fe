import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets import items
from src.applets.items import AppletDraft
from tests.applets.items import building
from tests.applets.items.building import Json, changed, condition, draft, findings, item, score

ITEMS = ("activities", 0, "items")
SCORES = ("activities", 0, "scores_and_reports", "scores")
MOOD, SIGNS, PAIN, HOURS, SINCE, WHY = 1, 2, 3, 4, 5, 6
OPTIONS = (*ITEMS, MOOD, "values", "options")
ASKED = (*ITEMS, WHY, "condition", "conditions", 0)


def test_a_sound_draft_has_no_findings() -> None:
    assert findings(building.full()) == set()


def test_the_least_draft_is_a_name() -> None:
    assert findings({"name": "Diary"}) == set()


RULES = [
    (
        "two activities of one name, whatever its case",
        [(("activities", 1, "name"), " MOOD ")],
        {("/activities/1/name", "duplicate_activity_name")},
    ),
    (
        "two activities of one key",
        [(("activities", 1, "key"), "M")],
        {("/activities/1/key", "duplicate_activity_key")},
    ),
    (
        "two activities of one id, however it is written",
        [
            (("activities", 0, "id"), "0190a0f4-0000-7000-8000-00000000000a"),
            (("activities", 1, "id"), "0190A0F4000070008000 00000000000A".replace(" ", "")),
        ],
        {("/activities/1/id", "duplicate_activity_id")},
    ),
    (
        "two items of one name",
        [((*ITEMS, SINCE, "name"), "hello")],
        {("/activities/0/items/5/name", "duplicate_item_name")},
    ),
    (
        "two items of one id",
        [
            ((*ITEMS, MOOD, "id"), "0190a0f4-0000-7000-8000-00000000000a"),
            ((*ITEMS, SINCE, "id"), "0190a0f4-0000-7000-8000-00000000000a"),
        ],
        {("/activities/0/items/5/id", "duplicate_item_id")},
    ),
    (
        "a condition on an item that is not there",
        [((*ASKED, "item_name"), "nobody")],
        {
            (
                "/activities/0/items/6/condition/conditions/0/item_name",
                "condition_item_unknown",
            )
        },
    ),
    (
        "a condition on an item of another activity",
        [((*ASKED, "item_name"), "note")],
        {
            (
                "/activities/0/items/6/condition/conditions/0/item_name",
                "condition_item_unknown",
            )
        },
    ),
    (
        "a condition on a later item",
        [((*ITEMS, 0, "condition"), condition("mood", "EQUAL_TO_OPTION", option_value=1))],
        {
            (
                "/activities/0/items/0/condition/conditions/0/item_name",
                "condition_item_not_earlier",
            )
        },
    ),
    (
        "a condition on the item itself",
        [((*ITEMS, PAIN, "condition"), condition("pain", "EQUAL", value=1))],
        {
            (
                "/activities/0/items/3/condition/conditions/0/item_name",
                "condition_item_not_earlier",
            )
        },
    ),
    (
        "a question that an item of this type cannot be asked",
        [((*ITEMS, WHY, "condition"), condition("signs", "EQUAL_TO_OPTION", option_value=1))],
        {("/activities/0/items/6/condition/conditions/0/type", "condition_type_mismatch")},
    ),
    (
        "a condition on a message",
        [((*ITEMS, WHY, "condition"), condition("hello", "EQUAL", value=1))],
        {("/activities/0/items/6/condition/conditions/0/type", "condition_type_mismatch")},
    ),
    (
        "a condition on an option that is not there",
        [((*ASKED, "payload", "option_value"), "7")],
        {
            (
                "/activities/0/items/6/condition/conditions/0/payload/option_value",
                "condition_option_unknown",
            )
        },
    ),
    (
        "a range of numbers with equal ends",
        [((*ITEMS, WHY, "condition"), condition("pain", "BETWEEN", min_value=2, max_value=2))],
        {("/activities/0/items/6/condition/conditions/0/payload", "condition_range_invalid")},
    ),
    (
        "a range of dates that ends before it begins",
        [
            (
                (*ITEMS, WHY, "condition"),
                condition(
                    "since", "OUTSIDE_OF_DATES", min_date="2026-03-02", max_date="2026-03-01"
                ),
            )
        ],
        {("/activities/0/items/6/condition/conditions/0/payload", "condition_range_invalid")},
    ),
    (
        "a hidden item with a condition",
        [((*ITEMS, WHY, "is_hidden"), True)],
        {("/activities/0/items/6/condition", "hidden_with_condition")},
    ),
    (
        "an option without a score among scores",
        [((*OPTIONS, 1, "score"), None)],
        {("/activities/0/items/1/values/options/1/score", "score_missing")},
    ),
    (
        "a slider without scores that says it has some",
        [((*ITEMS, PAIN, "values", "scores"), None)],
        {("/activities/0/items/3/values/scores", "score_missing")},
    ),
    (
        "fewer scores than steps",
        [((*ITEMS, PAIN, "values", "scores"), [0, 1, 2])],
        {("/activities/0/items/3/values/scores", "scores_length")},
    ),
    (
        "an alert of an option without set_alerts",
        [((*ITEMS, MOOD, "config", "set_alerts"), False)],
        {("/activities/0/items/1/values/options/1/alert", "alerts_not_enabled")},
    ),
    (
        "an alert of a slider without set_alerts",
        [((*ITEMS, PAIN, "config", "set_alerts"), False)],
        {("/activities/0/items/3/values/alerts", "alerts_not_enabled")},
    ),
    (
        "an alert of a slider at no value",
        [((*ITEMS, PAIN, "values", "alerts", 0), {"alert": "!"})],
        {("/activities/0/items/3/values/alerts/0", "invalid_alert")},
    ),
    (
        "an alert between values of a slider that moves in steps",
        [
            (
                (*ITEMS, PAIN, "values", "alerts", 0),
                {"alert": "!", "value": 1, "min_value": 1, "max_value": 2},
            )
        ],
        {("/activities/0/items/3/values/alerts/0", "invalid_alert")},
    ),
    (
        "an alert of a continuous slider whose ends are equal",
        [
            ((*ITEMS, PAIN, "config", "continuous"), True),
            ((*ITEMS, PAIN, "values", "alerts", 0), {"alert": "!", "min_value": 1, "max_value": 1}),
        ],
        {("/activities/0/items/3/values/alerts/0", "invalid_range")},
    ),
    (
        "an alert at a value that the slider cannot reach",
        [((*ITEMS, PAIN, "values", "alerts", 0, "value"), 4)],
        {("/activities/0/items/3/values/alerts/0", "alert_out_of_range")},
    ),
    (
        "two options of one value",
        [((*OPTIONS, 1, "value"), 0), ((*ITEMS, WHY, "condition"), None)],
        {("/activities/0/items/1/values/options/1/value", "duplicate_option_value")},
    ),
    (
        "two options of one id",
        [((*OPTIONS, 1, "id"), "a")],
        {("/activities/0/items/1/values/options/1/id", "duplicate_option_id")},
    ),
    (
        "two options that exclude all others",
        [((*ITEMS, SIGNS, "values", "options", 0, "is_none_above"), True)],
        {("/activities/0/items/2/values/options/2/is_none_above", "several_none_above")},
    ),
    (
        "a slider without extent",
        [
            ((*ITEMS, PAIN, "values"), {"min_value": 12}),
            ((*ITEMS, PAIN, "config"), dict[str, object]()),
            (SCORES, list[object]()),
        ],
        {("/activities/0/items/3/values", "invalid_range")},
    ),
    (
        "a number without extent",
        [((*ITEMS, HOURS, "values"), {"min_value": 100})],
        {("/activities/0/items/4/values", "invalid_range")},
    ),
    (
        "an answer that the text's own length refuses",
        [((*ITEMS, WHY, "config"), {"max_length": 3, "correct_answer": "rain"})],
        {("/activities/0/items/6/config/correct_answer", "correct_answer_impossible")},
    ),
    (
        "an answer in letters to a text of digits",
        [((*ITEMS, WHY, "config"), {"numeric_only": True, "correct_answer": "rain"})],
        {("/activities/0/items/6/config/correct_answer", "correct_answer_impossible")},
    ),
    (
        "two scores of one name",
        [((*SCORES, 1, "name"), "Total")],
        {("/activities/0/scores_and_reports/scores/1/name", "duplicate_score_name")},
    ),
    (
        "a score of an item that is not there",
        [((*SCORES, 0, "items", 1), "nobody")],
        {("/activities/0/scores_and_reports/scores/0/items/1", "score_item_unknown")},
    ),
    (
        "a score of a text",
        [((*SCORES, 1, "items", 0, "item"), "why")],
        {("/activities/0/scores_and_reports/scores/1/items/0/item", "score_item_type")},
    ),
    (
        "a score that counts an item twice",
        [((*SCORES, 0, "items", 1), "mood")],
        {("/activities/0/scores_and_reports/scores/0/items/1", "duplicate_score_item")},
    ),
    (
        "a score of options without scores",
        [
            ((*ITEMS, SIGNS, "config"), dict[str, object]()),
            ((*ITEMS, SIGNS, "values", "options", 0, "score"), None),
        ],
        {("/activities/0/scores_and_reports/scores/1/items/1", "score_item_without_scores")},
    ),
    (
        "a score of a slider without scores",
        [
            ((*ITEMS, PAIN, "config"), dict[str, object]()),
            ((*ITEMS, PAIN, "values"), dict[str, object]()),
        ],
        {("/activities/0/scores_and_reports/scores/0/items/1", "score_item_without_scores")},
    ),
    (
        "a character that cannot be stored, deep inside",
        [((*OPTIONS, 0, "text"), {"en": "a\0b"})],
        {("/activities/0/items/1/values/options/0/text/en", "unstorable_text")},
    ),
    (
        "half of a surrogate pair",
        [((*OPTIONS, 0, "text"), {"en": "\ud800"})],
        {("/activities/0/items/1/values/options/0/text/en", "string_unicode")},
    ),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_a_broken_rule_is_found_at_its_place(
    changes: list[tuple[building.Path, object]], expected: set[tuple[str, str]]
) -> None:
    assert findings(changed(building.full(), *changes)) == expected


@pytest.mark.parametrize(
    ("path", "value", "pointer", "code"),
    [
        (("zzz",), 1, "/zzz", "unknown_field"),
        (("a/b~c",), 1, "/a~1b~0c", "unknown_field"),
        (("activities", 0, "zzz"), 1, "/activities/0/zzz", "unknown_field"),
        ((*ITEMS, MOOD, "zzz"), 1, "/activities/0/items/1/zzz", "unknown_field"),
        (
            (*ITEMS, MOOD, "single_select"),
            1,
            "/activities/0/items/1/single_select",
            "unknown_field",
        ),
        ((*ITEMS, MOOD, "config", "zzz"), 1, "/activities/0/items/1/config/zzz", "unknown_field"),
        (
            (*OPTIONS, 0, "is_none_above"),
            True,
            "/activities/0/items/1/values/options/0/is_none_above",
            "unknown_field",
        ),
        (
            (*ASKED, "payload", "zzz"),
            1,
            "/activities/0/items/6/condition/conditions/0/payload/zzz",
            "unknown_field",
        ),
        (
            (*SCORES, 1, "items", 0, "zzz"),
            1,
            "/activities/0/scores_and_reports/scores/1/items/0/zzz",
            "unknown_field",
        ),
        (("name",), "n" * 101, "/name", "string_too_long"),
        (("name",), "  ", "/name", "string_too_short"),
        (("flows",), [{}], "/flows", "too_long"),
        (
            (*ITEMS, MOOD, "name"),
            "good mood",
            "/activities/0/items/1/name",
            "string_pattern_mismatch",
        ),
        ((*ITEMS, 0, "type"), "drawing", "/activities/0/items/0/type", "union_tag_invalid"),
        ((*ITEMS, 0, "question"), {}, "/activities/0/items/0/question", "too_short"),
        (
            (*ITEMS, 0, "question"),
            {"e n": "x"},
            "/activities/0/items/0/question/e n",
            "string_pattern_mismatch",
        ),
        (
            (*ITEMS, 0, "question"),
            {"en": "x" * 20_001},
            "/activities/0/items/0/question/en",
            "string_too_long",
        ),
        (
            (*OPTIONS, 0, "score"),
            0.125,
            "/activities/0/items/1/values/options/0/score",
            "too_many_decimals",
        ),
        (
            (*OPTIONS, 0, "score"),
            float("nan"),
            "/activities/0/items/1/values/options/0/score",
            "finite_number",
        ),
        (
            (*OPTIONS, 0, "score"),
            True,
            "/activities/0/items/1/values/options/0/score",
            "float_type",
        ),
        (
            (*ITEMS, MOOD, "config", "skippable"),
            "yes",
            "/activities/0/items/1/config/skippable",
            "bool_type",
        ),
        (
            (*ITEMS, PAIN, "values", "min_value"),
            -1,
            "/activities/0/items/3/values/min_value",
            "greater_than_equal",
        ),
        (
            (*ITEMS, PAIN, "values", "max_label"),
            "x" * 101,
            "/activities/0/items/3/values/max_label/en",
            "string_too_long",
        ),
        (
            (*ITEMS, WHY, "condition"),
            condition("since", "EQUAL_TO_DATE", date="2026-02-30"),
            "/activities/0/items/6/condition/conditions/0/payload/date",
            "invalid_date",
        ),
    ],
)
def test_a_broken_shape_is_found_at_its_place(
    path: building.Path, value: object, pointer: str, code: str
) -> None:
    assert (pointer, code) in findings(changed(building.full(), (path, value)))


def test_a_text_that_outgrows_its_limit_when_its_markup_is_mended_is_refused() -> None:
    tree = changed(building.full(), ((*ITEMS, 0, "question"), "<b>" * 6_000))

    assert findings(tree) == {("/activities/0/items/0/question/en", "string_too_long")}


def test_shape_and_rules_are_reported_together_even_inside_one_broken_item() -> None:
    tree = changed(
        building.full(),
        ((*ITEMS, WHY, "zzz"), 1),
        ((*ASKED, "item_name"), "nobody"),
        ((*ITEMS, MOOD, "type"), "drawing"),
        ((*SCORES, 0, "items", 2), "why"),
        ((*SCORES, 1, "name"), ""),
    )

    assert findings(tree) == {
        ("/activities/0/items/6/zzz", "unknown_field"),
        ("/activities/0/items/6/condition/conditions/0/item_name", "condition_item_unknown"),
        ("/activities/0/items/1/type", "union_tag_invalid"),
        ("/activities/0/scores_and_reports/scores/0/items/2", "score_item_type"),
        ("/activities/0/scores_and_reports/scores/1/name", "string_too_short"),
    }


def test_three_mistakes_are_exactly_three_findings() -> None:
    tree = draft(
        building.activity(
            item("text", "first", condition=condition("mood", "EQUAL_TO_OPTION", option_value=1)),
            item("single_select", "mood"),
            item("text", "why"),
            item("text", "why"),
            scores=[score("total", "sum", "why")],
        )
    )

    assert len(items.check(tree)) == 3


def test_equal_ends_are_a_fair_range_of_dates() -> None:
    asked = condition("since", "OUTSIDE_OF_DATES", min_date="2026-03-01", max_date="2026-03-01")

    assert findings(changed(building.full(), ((*ITEMS, WHY, "condition"), asked))) == set()


def test_scores_count_without_the_flag_when_every_option_has_one() -> None:
    assert findings(changed(building.full(), ((*ITEMS, SIGNS, "config"), {}))) == set()


def test_a_number_is_its_own_score() -> None:
    tree = draft(
        building.activity(item("number_select", "hours"), scores=[score("total", "sum", "hours")])
    )

    assert findings(tree) == set()


def test_a_condition_may_ask_an_option_that_got_its_value_by_itself() -> None:
    tree = draft(
        building.activity(
            item(
                "single_select",
                "mood",
                values={"options": [{"text": "a"}, {"text": "b", "value": 5}, {"text": "c"}]},
            ),
            item("text", "why", condition=condition("mood", "EQUAL_TO_OPTION", option_value=7)),
        )
    )

    assert findings(tree) == set()


@pytest.mark.parametrize("garbage", [None, 1, "x", [], [1], {}, {"name": 1, "activities": 7}])
def test_what_is_no_draft_at_all_is_refused(garbage: object) -> None:
    assert findings(garbage)


_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(
        ["mood", "slider", "EQUAL", "BETWEEN", "why", "single_select", 10**400, "\ud800"]
    )
)
_garbage = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "type", "items", "values", "options", "value", "zzz"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def _places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))]


PLACES = _places(building.full())[1:]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), _garbage), min_size=1, max_size=4))
def test_garbage_anywhere_gives_findings_and_never_a_crash(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    tree = building.full()
    for path, value in changes:
        put = _putter(tree, path)
        if put is not None:
            put(value)

    errors = items.check(tree)

    assert all(error.pointer == "" or error.pointer.startswith("/") for error in errors)
    json.dumps([(error.pointer, error.detail) for error in errors], ensure_ascii=False).encode()
    if not errors:
        content = items.normalise(AppletDraft.model_validate(tree))
        json.dumps(content, allow_nan=False)
        for activity in building.rows(content["activities"]):
            items.compile_activity(activity)


def _putter(tree: Json, path: tuple[str | int, ...]) -> Callable[[object], None] | None:
    """The function that writes at a place, unless an earlier change took the place away."""
    node: object = tree
    for part in path[:-1]:
        node = _child(node, part)
    last = path[-1]
    if isinstance(node, dict):
        return lambda value: node.update({last: value})
    if isinstance(node, list) and isinstance(last, int) and last < len(node):
        return lambda value: node.__setitem__(last, value)
    return None


def _child(node: object, part: str | int) -> object:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
