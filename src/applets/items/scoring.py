"""Scores: a sum, average or percentage of what listed items contribute.

All arithmetic is done in whole hundredths, which is exact, because every score has at most two
decimals. A result is rounded half away from zero, as `decimal.ROUND_HALF_UP` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from src.applets.items.fields import as_number
from src.applets.items.raw import entries, obj, option_values, whole, word

Worth = Callable[[object], int | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the values of an item are worth, in hundredths, and the least and most of it."""

    worth: Worth
    table: Mapping[object, int] | None
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Part:
    """An item that a score counts: `low` and `high` bound what it can contribute."""

    item: str
    reversed: bool
    low: float
    high: float
    worth: Worth
    table: Mapping[object, int] | None


@dataclass(frozen=True, slots=True)
class ScoreForm:
    """A score of an activity, ready to be computed and to be analysed."""

    name: str
    calculation: str
    parts: tuple[Part, ...]
    most: int


def contribution(part: Part, value: object) -> float | None:
    """Return what a stored value contributes to the score, reversed where the score says so.

    None when there is no answer, or when the value scores nothing (between two steps of a
    continuous slider).
    """
    worth = _worth(part, value)
    return None if worth is None else worth / 100


def compute(score: ScoreForm, answers: Mapping[str, object]) -> dict[str, object]:
    """Return the score over the stored values of the items answered, by name.

    Sums and averages are over answered items and null when there is none. A percentage is of the
    most that all listed items together can give, also of those not answered; 0 when that is 0.
    """
    total = 0
    answered = 0
    for part in score.parts:
        if part.item in answers:
            value = answers[part.item]
            worth = part.table.get(value) if part.table is not None else _worth(part, value)
            if worth is not None:
                total += worth
                answered += 1
    return {
        "name": score.name,
        "value": _result(score, total, answered),
        "answered": answered,
        "listed": len(score.parts),
    }


def _result(score: ScoreForm, total: int, answered: int) -> float | None:
    if score.calculation == "percentage":
        return _rounded(10_000 * total, score.most) / 100 if score.most > 0 else 0.0
    if not answered:
        return None
    return (total if score.calculation == "sum" else _rounded(total, answered)) / 100


def _rounded(dividend: int, divisor: int) -> int:
    """Divide and round half away from zero; the divisor is positive."""
    rounded = (2 * abs(dividend) + divisor) // (2 * divisor)
    return rounded if dividend >= 0 else -rounded


def compile_score(score: Mapping[object, object], scales: Mapping[str, Scale]) -> ScoreForm:
    """Prepare a score of an activity whose items have these scales."""
    parts: list[Part] = []
    most = 0
    for entry in entries(score.get("items")):
        name = word(entry) or str(obj(entry).get("item"))
        scale = scales.get(name)
        if scale is not None:
            most += scale.high
            parts.append(_part(name, scale, reverse=obj(entry).get("reverse") is True))
    return ScoreForm(
        name=str(score.get("name")),
        calculation=str(score.get("calculation")),
        parts=tuple(parts),
        most=most,
    )


def _part(name: str, scale: Scale, *, reverse: bool) -> Part:
    """Reversing keeps the bounds: min + max - value runs between the same ends."""
    worth, table = scale.worth, scale.table
    if reverse:
        ends = scale.low + scale.high
        if table is not None:
            table = {value: ends - points for value, points in table.items()}

        def reversed_worth(value: object) -> int | None:
            points = scale.worth(value)
            return None if points is None else ends - points

        worth = reversed_worth
    return Part(
        item=name,
        reversed=reverse,
        low=scale.low / 100,
        high=scale.high / 100,
        worth=worth,
        table=table,
    )


def _worth(part: Part, value: object) -> int | None:
    return None if value is None else part.worth(value)


def scale_of(item: Mapping[object, object]) -> Scale | None:
    """Return what the item's values are worth; None for an item that has no scores."""
    values = obj(item.get("values"))
    kind = item.get("type")
    if kind in {"single_select", "multi_select"}:
        return _select_scale(values, several=kind == "multi_select")
    if kind == "slider":
        return _slider_scale(values)
    if kind == "number_select":
        low, high = whole(values.get("min_value")) or 0, whole(values.get("max_value")) or 0
        return Scale(worth=_number_worth, table=None, low=low * 100, high=high * 100)
    return None


def _hundredths(raw: object) -> int | None:
    number = as_number(raw)
    return None if number is None else round(number * 100)


def _number_worth(value: object) -> int | None:
    return None if isinstance(value, bool) or not isinstance(value, int) else value * 100


def _select_scale(values: Mapping[object, object], *, several: bool) -> Scale | None:
    """The bounds are what can be reached by choosing options that are not hidden.

    Of a multiple choice at least one option is chosen; the option that excludes the others is
    chosen alone.
    """
    options = [obj(option) for option in entries(values.get("options"))]
    table: dict[object, int] = {}
    together: list[int] = []
    alone: list[int] = []
    for value, option in zip(option_values(options), options, strict=True):
        points = _hundredths(option.get("score"))
        if points is None or value is None:
            continue
        table[value] = points
        if option.get("is_hidden") is not True:
            (alone if option.get("is_none_above") is True else together).append(points)
    if not table:
        return None
    reachable = together + alone
    if not several:
        return Scale(
            worth=_lookup(table),
            table=table,
            low=min(reachable, default=0),
            high=max(reachable, default=0),
        )
    if together:
        reachable += (
            sum(points for points in together if points > 0) or max(together),
            sum(points for points in together if points < 0) or min(together),
        )

    def worth(chosen: object) -> int | None:
        if not isinstance(chosen, list):
            return None
        return sum(table.get(value, 0) for value in chosen)

    return Scale(
        worth=worth, table=None, low=min(reachable, default=0), high=max(reachable, default=0)
    )


def _slider_scale(values: Mapping[object, object]) -> Scale | None:
    points = [_hundredths(score) for score in entries(values.get("scores"))]
    low = whole(values.get("min_value")) or 0
    table: dict[object, int] = {
        low + step: score for step, score in enumerate(points) if score is not None
    }
    if not table:
        return None
    return Scale(
        worth=_lookup(table), table=table, low=min(table.values()), high=max(table.values())
    )


def _lookup(table: Mapping[object, int]) -> Worth:
    """A value between two steps is in no table, so it scores nothing."""

    def worth(value: object) -> int | None:
        return table.get(value) if isinstance(value, int | float) else None

    return worth
