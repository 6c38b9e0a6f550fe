import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.statistics.moments import Moments, Reliability

numbers = st.integers(-50, 50).map(lambda number: number / 4)


@given(st.lists(st.tuples(numbers, st.integers(1, 5)), min_size=1, max_size=40))
def test_counted_values_are_described_as_if_each_came_alone(
    counted: list[tuple[float, int]],
) -> None:
    moments = Moments()
    for value, times in counted:
        moments.add(value, times)

    values = [value for value, times in counted for _ in range(times)]
    assert moments.n == len(values)
    assert moments.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert (moments.low, moments.high) == (min(values), max(values))
    if len(values) < 2:
        assert moments.variance is moments.sd is None
    else:
        assert moments.variance == pytest.approx(statistics.variance(values), abs=1e-9)
        assert moments.sd == pytest.approx(statistics.stdev(values), abs=1e-6)


def test_large_values_lose_no_digits() -> None:
    moments = Moments()
    for value in (1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16):
        moments.add(value)

    assert moments.variance == pytest.approx(30)


@given(st.integers(2, 5).flatmap(lambda k: st.lists(st.tuples(*[numbers] * k), max_size=30)))
def test_alpha_is_what_textbooks_say(cases: list[tuple[float, ...]]) -> None:
    k = len(cases[0]) if cases else 2
    reliability = Reliability(k)
    for case in cases:
        reliability.add(case)

    assert reliability.n == len(cases)
    totals = [math.fsum(case) for case in cases]
    if len(cases) < 2 or statistics.variance(totals) < 1e-9:
        return
    of_parts = sum(statistics.variance(column) for column in zip(*cases, strict=True))
    expected = k / (k - 1) * (1 - of_parts / statistics.variance(totals))
    assert reliability.alpha == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_perfect_scale_has_an_alpha_of_one() -> None:
    reliability = Reliability(3)
    for value in (1.0, 2.0, 5.0):
        reliability.add([value] * 3)

    assert reliability.alpha == pytest.approx(1)


@pytest.mark.parametrize("cases", [[], [(1.0, 2.0)], [(1.0, 2.0), (2.0, 1.0)]])
def test_alpha_is_not_always_defined(cases: list[tuple[float, float]]) -> None:
    reliability = Reliability(2)
    for case in cases:
        reliability.add(case)

    assert reliability.alpha is None
    assert Reliability(1).alpha is None
