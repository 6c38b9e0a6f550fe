import pytest

from bench.figures import Line, Sample, lines, percentile
from bench.growth import compared


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert percentile([7.0], 0.01) == 7.0
    assert percentile([], 0.5) == 0.0


def test_a_line_is_the_median_of_the_rounds() -> None:
    ours = [Sample(rate=rate, p50=rate / 10, api_us=1.0) for rate in (10.0, 30.0, 20.0)]

    (line,) = lines({"ours": ours}, ours="ours")

    assert (line.rate, line.least, line.most) == (20.0, 10.0, 30.0)
    assert line.p50 == 2.0
    assert line.api_us == 1.0
    assert line.postgres_us is None


def test_a_ratio_is_taken_within_a_round() -> None:
    # The machine was slow for everybody in the second round.
    ours = [Sample(rate=1000.0), Sample(rate=100.0), Sample(rate=1200.0)]
    peer = [Sample(rate=500.0), Sample(rate=50.0), Sample(rate=400.0)]

    found = {line.contender: line for line in lines({"ours": ours, "peer": peer}, ours="ours")}

    assert found["peer"].ratio == 2.0
    assert found["ours"].ratio is None


def test_the_fastest_comes_first() -> None:
    samples = {"slow": [Sample(rate=1.0)], "fast": [Sample(rate=9.0)]}

    assert [line.contender for line in lines(samples)] == ["fast", "slow"]


def test_who_answers_nothing_has_no_ratio_and_its_errors_count() -> None:
    samples = {"ours": [Sample(rate=9.0)], "stuck": [Sample(rate=0.0, errors=64)]}

    found: dict[str, Line] = {line.contender: line for line in lines(samples, ours="ours")}

    assert found["stuck"].ratio is None
    assert found["stuck"].errors == 64


def test_growth_is_measured_against_the_smallest_size_of_the_same_round() -> None:
    small = [Sample(rate=9, p50=1, api_us=80, postgres_us=20), Sample(9, 2, None, 160, 40)]
    large = [Sample(rate=9, p50=1, api_us=80, postgres_us=70), Sample(9, 2, None, 160, 140)]

    first, second = compared("read", {1_000_000: large, 10_000: small})

    assert (first.size, first.cpu_ratio, first.is_steep) == (10_000, 1.0, False)
    assert second.cpu_ratio == pytest.approx(1.5)
    assert second.p50_ratio == 1.0
    assert second.is_steep
