import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets.items import Form, assess
from tests.applets.items import building
from tests.applets.items.building import Json, condition, item, refusals, values

SIGNS = {
    "options": [
        {"text": "tired", "value": 3},
        {"text": "restless", "value": 1},
        {"text": "none", "value": 4, "is_none_above": True},
        {"text": "old", "value": 9, "is_hidden": True},
    ]
}
OPEN = {"skippable": True}
FORM = building.form(
    item("message", "hello"),
    item("single_select", "mood", config=OPEN),
    item("multi_select", "signs", config=OPEN, values=SIGNS),
    item("slider", "pain", config=OPEN, values={"min_value": 2, "max_value": 10}),
    item("slider", "smooth", config={**OPEN, "continuous": True}),
    item("number_select", "hours", config=OPEN, values={"min_value": -3, "max_value": 24}),
    item("date", "since", config=OPEN),
    item("text", "why", config={"max_length": 5}),
    item("text", "count", config={"numeric_only": True}),
    item("text", "password", config={"correct_answer": "rain"}),
    item("text", "hint", config={"correct_answer": "rain", "correct_answer_required": False}),
    item("paragraph_text", "more"),
    item(
        "single_select",
        "other",
        config={**OPEN, "extra_text": {"enabled": True, "required": True}, "timer_seconds": 9},
    ),
)


def stored(name: str, value: object) -> object:
    return values(assess(FORM, {name: {"value": value}}))[name]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("mood", 2, 2),
        ("mood", 2.0, 2),
        ("signs", [1, 3], [3, 1]),
        ("signs", [4], [4]),
        ("signs", [], None),
        ("pain", 2, 2),
        ("pain", 10.0, 10),
        ("smooth", 2.5, 2.5),
        ("smooth", 3.0, 3),
        ("hours", -3, -3),
        ("since", "2026-03-01", "2026-03-01"),
        ("since", {"day": 1, "month": 3, "year": 2026}, "2026-03-01"),
        ("since", {"day": 9, "month": 3, "year": 33}, "0033-03-09"),
        ("why", "a b <", "a b <"),
        ("why", "\U0001f600" * 5, "\U0001f600" * 5),
        ("why", " ", None),
        ("count", "-2.50", "-2.50"),
        ("count", ".5", ".5"),
        ("password", "rain", "rain"),
        ("hint", "snow", "snow"),
        ("more", "x" * 1_000, "x" * 1_000),
        ("more", "", None),
        ("mood", None, None),
    ],
)
def test_a_good_value_is_kept_in_its_canonical_form(name: str, value: object, kept: object) -> None:
    found = stored(name, value)

    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("mood", 3, "not_an_option"),
        ("mood", 10**400, "not_an_option"),
        ("mood", True, "wrong_type"),
        ("mood", "2", "wrong_type"),
        ("mood", 0.5, "wrong_type"),
        ("mood", math.nan, "wrong_type"),
        ("mood", math.inf, "wrong_type"),
        ("mood", [1], "wrong_type"),
        ("signs", 3, "wrong_type"),
        ("signs", [True], "wrong_type"),
        ("signs", [[]], "wrong_type"),
        ("signs", [2], "not_an_option"),
        ("signs", [9], "not_an_option"),
        ("signs", [3, 3], "duplicate_value"),
        ("signs", [3, 3.0], "duplicate_value"),
        ("signs", [3, 4], "none_above_not_alone"),
        ("pain", 1, "out_of_range"),
        ("pain", 11, "out_of_range"),
        ("pain", 10**400, "out_of_range"),
        ("pain", 2.5, "not_whole"),
        ("pain", math.nan, "wrong_type"),
        ("smooth", -math.inf, "wrong_type"),
        ("smooth", False, "wrong_type"),
        ("smooth", 12.01, "out_of_range"),
        ("hours", 25, "out_of_range"),
        ("hours", -4, "out_of_range"),
        ("hours", 1.5, "wrong_type"),
        ("hours", True, "wrong_type"),
        ("since", "2026-02-30", "invalid_date"),
        ("since", "20260301", "invalid_date"),
        ("since", "2026-W09-1", "invalid_date"),
        ("since", "٢٠٢٦-03-01", "invalid_date"),
        ("since", {"day": 30, "month": 2, "year": 2026}, "invalid_date"),
        ("since", {"day": True, "month": 2, "year": 2026}, "invalid_date"),
        ("since", {"day": 1, "month": 2, "year": 10**400}, "invalid_date"),
        ("since", {"day": 1, "month": 2}, "invalid_date"),
        ("since", 20260301, "invalid_date"),
        ("why", "sixsix", "too_long"),
        ("why", 7, "wrong_type"),
        ("why", "a\0", "unstorable_text"),
        ("why", "\ud83d", "unstorable_text"),
        ("more", "x" * 1_001, "too_long"),
        ("count", "two", "not_numeric"),
        ("count", "1,5", "not_numeric"),
        ("count", "٢", "not_numeric"),
        ("password", "Rain", "wrong_answer"),
        ("hello", "x", "no_answer_allowed"),
    ],
)
def test_a_bad_value_is_refused_at_its_place(name: str, value: object, code: str) -> None:
    assert refusals(FORM, {name: {"value": value}}) == [(f"/payload/{name}/value", code)]


@pytest.mark.parametrize(
    ("entry", "pointer", "code"),
    [
        (2, "/payload/mood", "wrong_type"),
        ([], "/payload/mood", "wrong_type"),
        ({"value": 2, "zzz": 1}, "/payload/mood/zzz", "unknown_field"),
        ({"value": 2, "a/b": 1}, "/payload/mood/a~1b", "unknown_field"),
        ({"value": 2, "text": "x"}, "/payload/mood/text", "text_not_allowed"),
        ({"why": "tired"}, "/payload/mood/why", "invalid_reason"),
        ({"why": []}, "/payload/mood/why", "invalid_reason"),
        ({"value": 2, "why": "skipped"}, "/payload/mood/why", "reason_with_value"),
    ],
)
def test_a_bad_wrapper_is_refused_at_its_place(entry: object, pointer: str, code: str) -> None:
    assert refusals(FORM, {"mood": entry}) == [(pointer, code)]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"value": 1}, "text_required"),
        ({"value": 1, "text": " "}, "text_required"),
        ({"value": 1, "text": 7}, "wrong_type"),
        ({"value": 1, "text": "a\0"}, "unstorable_text"),
        ({"value": 1, "text": "\udfff"}, "unstorable_text"),
        ({"value": 1, "text": "x" * 10_001}, "too_long"),
    ],
)
def test_a_bad_text_beside_an_answer_is_refused(entry: object, code: str) -> None:
    assert refusals(FORM, {"other": entry}) == [("/payload/other/text", code)]


def test_a_text_beside_an_answer_is_kept() -> None:
    kept = assess(FORM, {"other": {"value": 1, "text": "well"}}).values["other"]

    assert kept == {"value": 1, "text": "well"}


def test_a_required_text_is_not_asked_for_beside_no_answer() -> None:
    assert assess(FORM, {}).values["other"] == {"value": None, "why": "skipped"}


def test_everything_wrong_is_said_at_once() -> None:
    payload: Json = {
        "mood": {"value": 9},
        "why": {"value": "sixsix", "text": "x"},
        "nobody": {"value": 1},
        "since": {"value": "yesterday", "zzz": 1},
    }

    assert sorted(refusals(FORM, payload)) == [
        ("/payload/mood/value", "not_an_option"),
        ("/payload/nobody", "unknown_item"),
        ("/payload/since/value", "invalid_date"),
        ("/payload/since/zzz", "unknown_field"),
        ("/payload/why/text", "text_not_allowed"),
        ("/payload/why/value", "too_long"),
    ]


def test_a_name_that_is_no_text_can_still_be_reported() -> None:
    (pointer, code), *_ = refusals(FORM, {"a/\ud800": None})

    assert (pointer, code) == ("/payload/a~1\ufffd", "unknown_item")


def test_a_message_may_be_named_and_is_not_stored() -> None:
    assert "hello" not in assess(FORM, {"hello": None}).values
    assert "hello" not in assess(FORM, {"hello": {"value": None}}).values


@pytest.mark.parametrize(
    ("kind", "config", "required"),
    [
        ("text", {}, False),
        ("text", {"skippable": True}, False),
        ("text", {"skippable": False}, True),
        ("text", {"required": True}, True),
        ("text", {"required": True, "skippable": True}, True),
        ("paragraph_text", {}, False),
        ("paragraph_text", {"required": True}, True),
        ("paragraph_text", {"skippable": False}, True),
        *(
            (kind, config, required)
            for kind in ("single_select", "multi_select", "slider", "number_select", "date")
            for config, required in (
                (dict[str, object](), True),
                ({"skippable": False}, True),
                (OPEN, False),
            )
        ),
        ("message", {}, False),
    ],
)
@pytest.mark.parametrize("payload", [{}, {"q": None}, {"q": {}}, {"q": {"value": None}}])
def test_what_may_stay_unanswered(kind: str, config: Json, required: bool, payload: Json) -> None:
    form = building.form(item(kind, "q", config=config))

    assert refusals(form, payload) == ([("/payload/q", "answer_required")] if required else [])


@pytest.mark.parametrize(("kind", "blank"), [("text", " \n"), ("multi_select", [])])
def test_a_blank_is_no_answer_to_what_must_be_answered(kind: str, blank: object) -> None:
    form = building.form(item(kind, "q", config={"skippable": False}))

    assert refusals(form, {"q": {"value": blank}}) == [("/payload/q", "answer_required")]


def test_an_item_whose_time_ran_out_need_not_be_answered() -> None:
    timed = building.form(item("slider", "q", config={"timer_seconds": 5}))
    untimed = building.form(item("slider", "q"))
    payload: Json = {"q": {"value": None, "why": "timeout"}}

    assert assess(timed, payload).values == {"q": {"value": None, "why": "timeout"}}
    assert refusals(untimed, payload) == [("/payload/q", "answer_required")]


def test_a_caller_cannot_hide_what_is_shown() -> None:
    form = building.form(item("slider", "q"))

    assert refusals(form, {"q": {"why": "hidden"}}) == [("/payload/q", "answer_required")]


def asking(operator: str = "EQUAL_TO_OPTION", **payload: object) -> Form:
    return building.form(
        item("single_select", "mood", config=OPEN),
        item(
            "text",
            "why",
            config={"required": True},
            condition=condition("mood", operator, **payload),
        ),
        item("text", "then", condition=condition("mood", operator, **payload)),
    )


def test_what_was_answered_to_a_hidden_item_is_dropped_with_a_warning() -> None:
    outcome = assess(asking(option_value=2), {"mood": {"value": 1}, "why": {"value": 7}})

    assert outcome.values["why"] == {"value": None, "why": "hidden"}
    assert [(warning.pointer, warning.code) for warning in outcome.warnings] == [
        ("/payload/why", "hidden_answer_dropped")
    ]


@pytest.mark.parametrize("entry", [None, {}, {"value": None}, {"why": "hidden"}])
def test_nothing_answered_to_a_hidden_item_is_worth_no_warning(entry: object) -> None:
    outcome = assess(asking(option_value=2), {"mood": {"value": 1}, "why": entry})

    assert outcome.warnings == []


def test_a_shown_item_counts_and_must_be_answered() -> None:
    form = asking(option_value=2)

    assert refusals(form, {"mood": {"value": 2}}) == [("/payload/why", "answer_required")]
    assert values(assess(form, {"mood": {"value": 2}, "why": {"value": "x"}}))["why"] == "x"


def test_a_skipped_source_matches_nothing_not_even_its_opposite() -> None:
    outcome = assess(asking("NOT_EQUAL_TO_OPTION", option_value=2), {})

    assert outcome.values["why"] == {"value": None, "why": "hidden"}


def test_an_always_hidden_item_takes_no_answer_and_shows_nothing_further() -> None:
    form = building.form(
        item("single_select", "mood", is_hidden=True),
        item("text", "why", condition=condition("mood", "NOT_EQUAL_TO_OPTION", option_value=2)),
    )

    outcome = assess(form, {"mood": {"value": 1}, "why": {"value": "x"}})

    assert values(outcome) == {"mood": None, "why": None}
    assert [warning.pointer for warning in outcome.warnings] == ["/payload/mood", "/payload/why"]


def test_nothing_is_demanded_where_a_broken_answer_decides_what_shows() -> None:
    form = asking(option_value=2)

    assert refusals(form, {"mood": {"value": 9}}) == [("/payload/mood/value", "not_an_option")]
    assert refusals(form, {"mood": {"value": 9}, "then": {"value": 7}}) == [
        ("/payload/mood/value", "not_an_option"),
        ("/payload/then/value", "wrong_type"),
    ]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "text", "why", "day", "zzz"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([field.name for field in FORM.fields]) | st.text(max_size=3), _json
    )
)
def test_any_payload_is_accepted_or_refused_and_what_is_accepted_stays_accepted(
    payload: Json,
) -> None:
    refused = refusals(FORM, payload)
    json.dumps(refused, ensure_ascii=False).encode()
    if not refused:
        outcome = assess(FORM, payload)
        json.dumps(outcome.values, allow_nan=False, ensure_ascii=False).encode()
        assert assess(FORM, outcome.values) == outcome
