"""Mean, deviation and reliability from values that come one at a time."""

import math
from collections.abc import Sequence


class Moments:
    """Mean and variance of a stream of values (Welford's method, which loses no digits)."""

    __slots__ = ("_squares", "high", "low", "mean", "n")

    def __init__(self) -> None:
        self.n = 0
        self.mean = 0.0
        self.low = math.inf
        self.high = -math.inf
        self._squares = 0.0

    def add(self, value: float, times: int = 1) -> None:
        self.n += times
        step = value - self.mean
        self.mean += step * times / self.n
        self._squares += times * step * (value - self.mean)
        self.low = min(self.low, value)
        self.high = max(self.high, value)

    @property
    def variance(self) -> float | None:
        """Of a sample: divided by n - 1; None below two values."""
        return self._squares / (self.n - 1) if self.n > 1 else None

    @property
    def sd(self) -> float | None:
        return math.sqrt(variance) if (variance := self.variance) is not None else None


class Reliability:
    """Cronbach's alpha of a scale, over complete cases."""

    def __init__(self, parts: int) -> None:
        self._parts = [Moments() for _ in range(parts)]
        self._total = Moments()

    @property
    def n(self) -> int:
        return self._total.n

    def add(self, values: Sequence[float]) -> None:
        """One complete case: a value of every part."""
        for moments, value in zip(self._parts, values, strict=True):
            moments.add(value)
        self._total.add(math.fsum(values))

    @property
    def alpha(self) -> float | None:
        """None where it is not defined: one part, fewer than two cases, or no variance."""
        k, total = len(self._parts), self._total.variance
        if k < 2 or not total:
            return None
        of_parts = math.fsum(part.variance or 0.0 for part in self._parts)
        return k / (k - 1) * (1 - of_parts / total)
