"""Rules of one item: its options, its range, its flags."""

from collections.abc import Iterator

from src.applets.items.fields import as_number
from src.applets.items.raw import Finding, RawItem, entries, obj, option_values, whole, word
from src.applets.items.responses import is_numeric

SELECTS = ("single_select", "multi_select")


def findings(item: RawItem) -> Iterator[Finding]:
    """Return the broken rules of one item."""
    if item.raw.get("is_hidden") is True and item.raw.get("condition") is not None:
        yield Finding(
            (*item.loc, "condition"),
            "hidden_with_condition",
            "A hidden item is never shown, so it cannot have a condition.",
        )
    if item.type in SELECTS:
        yield from _options(item)
    elif item.type == "slider":
        yield from _slider(item)
    elif item.type == "number_select":
        yield from _range(item, highest=100)
    elif item.type == "text":
        yield from _text(item)


def _options(item: RawItem) -> Iterator[Finding]:
    place = (*item.loc, "values", "options")
    seen_values: set[int] = set()
    seen_ids: set[str] = set()
    none_above = 0
    for index, (option, value) in enumerate(
        zip(item.options, option_values(item.options), strict=True)
    ):
        loc = (*place, index)
        if value is not None and value in seen_values:
            yield Finding(
                (*loc, "value"), "duplicate_option_value", "Another option has this value already."
            )
        if value is not None:
            seen_values.add(value)
        key = word(option.get("id"))
        if key is not None and key in seen_ids:
            yield Finding(
                (*loc, "id"), "duplicate_option_id", "Another option has this id already."
            )
        if key is not None:
            seen_ids.add(key)
        if item.config.get("add_scores") is True and option.get("score") is None:
            yield Finding(
                (*loc, "score"), "score_missing", "With `add_scores`, every option has a score."
            )
        if option.get("alert") is not None and item.config.get("set_alerts") is not True:
            yield Finding(
                (*loc, "alert"), "alerts_not_enabled", "An alert needs `set_alerts` in the config."
            )
        if option.get("is_none_above") is True:
            none_above += 1
            if none_above > 1:
                yield Finding(
                    (*loc, "is_none_above"),
                    "several_none_above",
                    "Only one option may exclude all others.",
                )


def _range(item: RawItem, *, highest: int) -> Iterator[Finding]:
    lowest, top = bounds(item, highest=highest)
    if lowest is not None and top is not None and lowest >= top:
        yield Finding(
            (*item.loc, "values"), "invalid_range", "`min_value` must be less than `max_value`."
        )


def bounds(item: RawItem, *, highest: int) -> tuple[int | None, int | None]:
    """Return the ends of an item's range, defaults filled in; None where garbage stands."""
    return (
        whole(item.values.get("min_value", 0)),
        whole(item.values.get("max_value", highest)),
    )


def _slider(item: RawItem) -> Iterator[Finding]:
    yield from _range(item, highest=12)
    lowest, top = bounds(item, highest=12)
    scores = item.values.get("scores")
    if scores is None:
        if item.config.get("add_scores") is True:
            yield Finding(
                (*item.loc, "values", "scores"),
                "score_missing",
                "With `add_scores`, every step has a score.",
            )
    elif isinstance(scores, list) and lowest is not None and top is not None and lowest < top:
        steps = top - lowest + 1
        if len(scores) != steps:
            yield Finding(
                (*item.loc, "values", "scores"),
                "scores_length",
                f"There are {steps} steps, so there must be {steps} scores.",
            )
    yield from _slider_alerts(item, lowest, top)


def _slider_alerts(item: RawItem, lowest: int | None, top: int | None) -> Iterator[Finding]:
    place = (*item.loc, "values", "alerts")
    alerts = entries(item.values.get("alerts"))
    if alerts and item.config.get("set_alerts") is not True:
        yield Finding(place, "alerts_not_enabled", "An alert needs `set_alerts` in the config.")
    continuous = item.config.get("continuous") is True
    for index, alert in enumerate(map(obj, alerts)):
        fields = ("min_value", "max_value") if continuous else ("value",)
        others = ("value",) if continuous else ("min_value", "max_value")
        given = [as_number(alert.get(field)) for field in fields]
        if any(alert.get(field) is None for field in fields) or any(
            alert.get(field) is not None for field in others
        ):
            yield Finding(
                (*place, index),
                "invalid_alert",
                "A continuous slider alerts between `min_value` and `max_value`, another one at "
                "`value`.",
            )
            continue
        numbers = [number for number in given if number is not None]
        if continuous and len(numbers) == 2 and numbers[0] >= numbers[1]:
            yield Finding(
                (*place, index), "invalid_range", "`min_value` must be less than `max_value`."
            )
        if lowest is not None and top is not None and lowest < top:
            outside = [number for number in numbers if not lowest <= number <= top]
            if outside:
                yield Finding(
                    (*place, index), "alert_out_of_range", "The slider cannot reach this value."
                )


def _text(item: RawItem) -> Iterator[Finding]:
    """A text that asks for one answer must be able to take it."""
    answer = word(item.config.get("correct_answer"))
    if answer is None or item.config.get("correct_answer_required") is False:
        return
    limit = whole(item.config.get("max_length", 300))
    if (limit is not None and len(answer) > limit) or (
        item.config.get("numeric_only") is True and not is_numeric(answer)
    ):
        yield Finding(
            (*item.loc, "config", "correct_answer"),
            "correct_answer_impossible",
            "The other settings of the item refuse this answer.",
        )
