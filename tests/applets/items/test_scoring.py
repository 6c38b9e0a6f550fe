from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets.items import Form, assess, contribution, numeric
from tests.applets.items import building
from tests.applets.items.building import Json, item, score

OPEN = {"skippable": True, "add_scores": True}
THREE = [
    item(
        "single_select", f"q{number}", config=OPEN, values={"options": building.options(0, 1, 2, 3)}
    )
    for number in (1, 2, 3)
]


def scores(form: Form, **answers: object) -> dict[str, object]:
    payload: Json = {name: {"value": value} for name, value in answers.items()}
    return {str(found["name"]): found["value"] for found in assess(form, payload).scores}


ALL = [score(kind, kind, "q1", "q2", "q3") for kind in ("sum", "average", "percentage")]


def test_sum_average_and_percentage() -> None:
    found = scores(building.form(*THREE, scores=ALL), q1=3, q2=2, q3=3)

    assert found == {"sum": 8, "average": 2.67, "percentage": 88.89}


def test_a_skipped_item_counts_only_in_the_most_of_a_percentage() -> None:
    found = scores(building.form(*THREE, scores=ALL), q1=3, q3=3)

    assert found == {"sum": 6, "average": 3, "percentage": 66.67}


def test_nothing_answered_has_no_sum_and_no_average_and_no_percent() -> None:
    found = scores(building.form(*THREE, scores=ALL))

    assert found == {"sum": None, "average": None, "percentage": 0}


def test_a_percentage_of_nothing_is_nothing() -> None:
    nothing = item("single_select", "q", config=OPEN, values={"options": building.options(0, 0)})
    form = building.form(nothing, scores=[score("p", "percentage", "q")])

    assert scores(form, q=1) == {"p": 0}


def test_a_score_says_how_many_of_its_items_were_answered() -> None:
    form = building.form(*THREE, scores=[score("s", "sum", "q1", "q2")])

    assert assess(form, {"q1": {"value": 3}}).scores == [
        {"name": "s", "value": 3, "answered": 1, "listed": 2}
    ]


@pytest.mark.parametrize(("value", "rounded"), [(0.125, 0.13), (-0.125, -0.13), (0.375, 0.38)])
def test_halves_are_rounded_away_from_zero(value: float, rounded: float) -> None:
    rows = [
        item(
            "single_select",
            f"q{number}",
            config=OPEN,
            values={"options": building.options(0, 2 * value)},
        )
        for number in range(2)
    ]
    form = building.form(*rows, scores=[score("mean", "average", "q0", "q1")])

    assert scores(form, q0=1, q1=0) == {"mean": rounded}


def test_a_multiple_choice_counts_the_sum_of_what_was_chosen() -> None:
    signs = item(
        "multi_select",
        "signs",
        config=OPEN,
        values={
            "options": [
                *building.options(1, 2.5, 4),
                {"text": "none", "value": 9, "score": 6, "is_none_above": True},
                {"text": "gone", "value": 10, "score": 50, "is_hidden": True},
            ]
        },
    )
    form = building.form(
        signs,
        scores=[
            score("sum", "sum", "signs"),
            score("percentage", "percentage", "signs"),
            score("reversed", "sum", {"item": "signs", "reverse": True}),
        ],
    )

    assert scores(form, signs=[2, 1]) == {"sum": 6.5, "percentage": 86.67, "reversed": 2}
    assert (form.scores[0].parts[0].low, form.scores[0].parts[0].high) == (1, 7.5)


def test_a_slider_counts_by_its_step_and_between_two_steps_not_at_all() -> None:
    pain = item(
        "slider",
        "pain",
        config={**OPEN, "continuous": True},
        values={"min_value": 1, "max_value": 3, "scores": [5, 0, 7]},
    )
    form = building.form(
        pain, THREE[0], scores=[score("s", "sum", "pain"), score("m", "average", "pain", "q1")]
    )

    assert scores(form, pain=3, q1=3) == {"s": 7, "m": 5}
    assert scores(form, pain=2.5, q1=3) == {"s": None, "m": 3}


def test_a_number_counts_as_it_is() -> None:
    hours = item("number_select", "hours", config={"skippable": True}, values={"max_value": 24})
    form = building.form(
        hours, scores=[score("s", "sum", "hours"), score("p", "percentage", "hours")]
    )

    assert scores(form, hours=6) == {"s": 6, "p": 25}


def test_a_reversed_item_counts_from_the_other_end() -> None:
    mood = item(
        "single_select", "mood", config=OPEN, values={"options": building.options(1, 2, 3, 4, 5, 6)}
    )
    form = building.form(mood, scores=[score("s", "sum", {"item": "mood", "reverse": True})])

    assert scores(form, mood=0) == {"s": 6}
    assert scores(form, mood=4) == {"s": 2}


def test_what_a_form_tells_the_statistics() -> None:
    form = building.form(*THREE, scores=[score("s", "sum", {"item": "q1", "reverse": True}, "q2")])

    first, second = form.scores[0].parts
    assert (first.item, first.reversed, first.low, first.high) == ("q1", True, 0, 3)
    assert (second.item, second.reversed, second.low, second.high) == ("q2", False, 0, 3)
    assert contribution(first, 1) == 2
    assert contribution(second, 1) == 1
    assert contribution(first, None) is None
    assert contribution(second, 99) is None


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        ("single_select", 2, 2),
        ("slider", 2.5, 2.5),
        ("number_select", 7, 7),
        ("multi_select", [1], None),
        ("text", "3", None),
        ("date", "2026-03-01", None),
        ("slider", None, None),
    ],
)
def test_the_number_that_an_answer_is(kind: str, value: object, number: float | None) -> None:
    assert numeric(building.form(item(kind, "q")).fields[0], value) == number


_points = st.integers(-500, 900).map(lambda hundredths: hundredths / 100)
_selects = st.lists(
    st.tuples(st.lists(_points, min_size=1, max_size=4), st.booleans(), st.integers(-1, 3)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200, deadline=None)
@given(_selects)
def test_scores_are_what_decimal_arithmetic_says(
    selects: list[tuple[list[float], bool, int]],
) -> None:
    listed = [
        {"item": f"q{index}", "reverse": True} if reverse else f"q{index}"
        for index, (_, reverse, _) in enumerate(selects)
    ]
    form = building.form(
        *(
            item(
                "single_select",
                f"q{index}",
                config=OPEN,
                values={"options": building.options(*points)},
            )
            for index, (points, _, _) in enumerate(selects)
        ),
        scores=[score(kind, kind, *listed) for kind in ("sum", "average", "percentage")],
    )

    found = scores(
        form,
        **{
            f"q{index}": chosen
            for index, (points, _, chosen) in enumerate(selects)
            if 0 <= chosen < len(points)
        },
    )

    worths: list[Decimal] = []
    most = Decimal(0)
    for points, reverse, chosen in selects:
        exact = [Decimal(str(point)) for point in points]
        most += max(exact)
        if 0 <= chosen < len(points):
            worth = exact[chosen]
            worths.append(min(exact) + max(exact) - worth if reverse else worth)
    total = sum(worths, Decimal(0))
    assert found["sum"] == (float(total) if worths else None)
    assert found["average"] == (rounded(total / len(worths)) if worths else None)
    assert found["percentage"] == (rounded(100 * total / most) if most > 0 else 0)


def rounded(number: Decimal) -> float:
    return float(number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
