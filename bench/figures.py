"""The arithmetic of the tables: medians of rounds, and ratios taken within a round."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

OURS = "core-api"


@dataclass(frozen=True, slots=True)
class Sample:
    """One contender in one round. Times in ms, CPU in µs a request; None where there is none."""

    rate: float
    p50: float | None = None
    p99: float | None = None
    api_us: float | None = None
    postgres_us: float | None = None
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A contender over all rounds: medians, and the least and the most of its rate.

    `ratio` is how many times our rate is of this contender's: the median over the rounds, since
    what disturbs the machine disturbs a whole round.
    """

    contender: str
    rate: float
    least: float
    most: float
    p50: float | None
    p99: float | None
    api_us: float | None
    postgres_us: float | None
    errors: int
    ratio: float | None


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def lines(samples: dict[str, list[Sample]], ours: str = OURS) -> list[Line]:
    """One line a contender, fastest first. Every contender has a sample of every round, in order.

    A contender that answered nothing in a round has no ratio there.
    """
    base = samples.get(ours, [])
    found = [_line(name, own, base if name != ours else []) for name, own in samples.items() if own]
    return sorted(found, key=lambda line: -line.rate)


def _line(contender: str, own: list[Sample], base: list[Sample]) -> Line:
    rates = [sample.rate for sample in own]
    ratios = [b.rate / o.rate for b, o in zip(base, own, strict=False) if o.rate]
    return Line(
        contender=contender,
        rate=median(rates),
        least=min(rates),
        most=max(rates),
        p50=_median([sample.p50 for sample in own]),
        p99=_median([sample.p99 for sample in own]),
        api_us=_median([sample.api_us for sample in own]),
        postgres_us=_median([sample.postgres_us for sample in own]),
        errors=sum(sample.errors for sample in own),
        ratio=median(ratios) if ratios else None,
    )


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
