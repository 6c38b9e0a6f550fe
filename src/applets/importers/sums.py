"""Computed values: from an expression to a score of ours, where one says the same.

An expression is read as a constant plus items times factors, exactly. It is a score when the
factors say sum, average or percentage: a factor of -1 with the right constant is a reversed item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from src.applets.importers.expressions import Effort, Tree, Unreadable, parse

Json = dict[str, object]

_PLAIN_CALLS = {"Number", "parseInt", "parseFloat", "Math.max", "Math.min"}


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the most that an item is worth."""

    low: Fraction
    high: Fraction


@dataclass(slots=True)
class Linear:
    constant: Fraction = Fraction(0)
    factors: dict[str, Fraction] = field(default_factory=dict)

    def add(self, other: "Linear", times: Fraction = Fraction(1)) -> None:
        self.constant += other.constant * times
        for name, factor in other.factors.items():
            self.factors[name] = self.factors.get(name, Fraction(0)) + factor * times


@dataclass(frozen=True, slots=True)
class Known:
    """The items that have a range, the expression of each computed variable, and its value.

    A computed variable may use another, so each is worked out once and kept.
    """

    ranges: Mapping[str, Range]
    formulas: Mapping[str, str]
    unusual: Sequence[str]
    effort: Effort
    values: dict[str, Linear] = field(default_factory=dict)


def score(name: str, known: Known) -> tuple[str, list[tuple[str, bool]]]:
    """Return how the computed variable is calculated and of which items, reversed or not.

    Raises `Unreadable` when no score of ours says the same.
    """
    ranges = known.ranges
    linear = _value_of(name, known, ())
    factors = {item: factor for item, factor in linear.factors.items() if factor}
    sizes = {abs(factor) for factor in factors.values()}
    if not factors:
        raise Unreadable("it counts no item")
    if len(sizes) != 1:
        raise Unreadable("it weighs items differently")
    size = sizes.pop()
    turned = sum(
        (ranges[item].low + ranges[item].high for item, factor in factors.items() if factor < 0),
        Fraction(0),
    )
    if linear.constant != size * turned:
        raise Unreadable("it adds a constant, or subtracts an item otherwise than reversed")
    listed = [(item, factor < 0) for item, factor in factors.items()]
    most = sum((ranges[item].high for item in factors), Fraction(0))
    if size == 1:
        return "sum", listed
    if size * len(factors) == 1:
        return "average", listed
    if most > 0 and size * most == 100:
        return "percentage", listed
    raise Unreadable(f"it multiplies the sum by {float(size):g}")


def _value_of(name: str, known: Known, within: tuple[str, ...]) -> Linear:
    if name in within or len(within) > 10:
        raise Unreadable(f"{name[:100]!r} is computed from itself")
    value = known.values.get(name)
    if value is None:
        tree = parse(known.formulas[name], known.unusual, known.effort)
        value = _linear(tree, known, (*within, name))
        known.values[name] = value
    known.effort.spend(len(value.factors))
    return value


def _linear(tree: Tree, known: Known, within: tuple[str, ...]) -> Linear:
    def read(inner: Tree) -> Linear:
        return _linear(inner, known, within)

    match tree:
        case ("number", float() as value):
            return Linear(constant=Fraction(str(value)))
        case ("name", str() as name):
            return _named(name, known, within)
        case ("negative", tuple() as inner):
            return _total([read(inner)], Fraction(-1))
        case ("+", list() as terms) | ("call", "sum" | "Sum", list() as terms):
            return _total([read(term) for term in terms])
        case ("*" | "/" as sign, tuple() as left, tuple() as right):
            return _scaled(str(sign), read(left), read(right))
        case ("call", str() as name, [tuple() as only]) if name in _PLAIN_CALLS:
            return read(only)
    raise Unreadable(f"{' '.join(str(part) for part in tree[:2])[:50]} is not understood")


def _named(name: str, known: Known, within: tuple[str, ...]) -> Linear:
    if name in known.ranges:
        return Linear(factors={name: Fraction(1)})
    if name in known.formulas:
        return _value_of(name, known, within)
    raise Unreadable(f"{name[:100]!r} is no item with scores")


def _total(parts: list[Linear], times: Fraction = Fraction(1)) -> Linear:
    total = Linear()
    for part in parts:
        total.add(part, times)
    return total


def _scaled(sign: str, left: Linear, right: Linear) -> Linear:
    if sign == "*" and not left.factors:
        left, right = right, left
    if right.factors:
        raise Unreadable("it multiplies items with each other")
    if sign == "/" and right.constant == 0:
        raise Unreadable("it divides by zero")
    return _total([left], 1 / right.constant if sign == "/" else right.constant)
