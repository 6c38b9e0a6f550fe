from uuid import uuid4

import pytest

from demo import verify
from demo.inventory import AnswerSet, Scale

KEY, OTHER = uuid4(), uuid4()
SENT = {KEY: AnswerSet("1", {"A1": 2, "A2": 5}), OTHER: AnswerSet("2", {"A1": 1})}
RIGHT = [
    {"submission_id": str(KEY), "A1": "2", "A2": "5"},
    {"submission_id": str(OTHER), "A1": "1", "A2": ""},
]


def test_a_table_that_holds_what_was_sent_has_no_differences() -> None:
    assert verify.differences(RIGHT, SENT) == []


@pytest.mark.parametrize(
    "rows",
    [
        RIGHT[:1],
        [*RIGHT, RIGHT[0]],
        [*RIGHT, {**RIGHT[0], "submission_id": str(uuid4())}],
        [{**RIGHT[0], "A1": "3"}, RIGHT[1]],
        [RIGHT[0], {**RIGHT[1], "A2": "1"}],
        [{**RIGHT[0], "A2": ""}, RIGHT[1]],
    ],
)
def test_what_is_lost_doubled_or_changed_is_found(rows: list[dict[str, str]]) -> None:
    assert len(verify.differences(rows, SENT)) == 1


def test_figures_turn_items_and_take_complete_cases_for_alpha() -> None:
    scale = Scale("agree", ("A1", "A2"), frozenset({"A1"}))
    rows = [{"A1": a, "A2": b} for a, b in [("1", "6"), ("2", "5"), ("6", "1"), ("3", "")]]

    found = verify.figures(rows, scale)

    assert (found.n, found.alpha_n) == (4, 3)
    assert found.mean == pytest.approx((6 + 5 + 1 + 4) / 4)
    assert found.alpha == pytest.approx(1)
