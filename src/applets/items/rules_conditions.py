"""Rules of conditions: a source exists, comes earlier, and can be asked what is asked."""

from collections.abc import Iterator, Sequence
from datetime import date

from src.applets.items.conditions import OPERATORS
from src.applets.items.fields import ITEM_TYPES, as_date, as_number
from src.applets.items.locations import Loc
from src.applets.items.raw import (
    Finding,
    RawItem,
    entries,
    obj,
    option_value,
    option_values,
    word,
)

_KNOWN = {operator for operators in OPERATORS.values() for operator in operators}
_RANGES = ("BETWEEN", "OUTSIDE_OF")
_DATE_RANGES = ("BETWEEN_DATES", "OUTSIDE_OF_DATES")


def findings(items: Sequence[RawItem]) -> Iterator[Finding]:
    """Return the broken rules of all conditions in an activity."""
    first: dict[str, RawItem] = {}
    for item in items:
        if item.name is not None:
            first.setdefault(item.name, item)
    for item in items:
        conditions = entries(obj(item.raw.get("condition")).get("conditions"))
        for index, condition in enumerate(map(obj, conditions)):
            loc = (*item.loc, "condition", "conditions", index)
            yield from _source(item, condition, loc, first)
            yield from _ends(condition, loc)


def _source(
    item: RawItem, condition: dict[object, object], loc: Loc, first: dict[str, RawItem]
) -> Iterator[Finding]:
    name = word(condition.get("item_name"))
    if name is None:
        return
    source = first.get(name)
    if source is None:
        yield Finding(
            (*loc, "item_name"), "condition_item_unknown", "The activity has no item of this name."
        )
        return
    if source.index >= item.index:
        yield Finding(
            (*loc, "item_name"),
            "condition_item_not_earlier",
            "A condition may only ask items that come before its own.",
        )
    operator = word(condition.get("type"))
    if operator not in _KNOWN or source.type not in ITEM_TYPES:
        return
    if operator not in OPERATORS.get(source.type, ()):
        yield Finding(
            (*loc, "type"),
            "condition_type_mismatch",
            f"An item of type {source.type} cannot be asked this.",
        )
        return
    if operator.endswith("_OPTION"):
        wanted = option_value(obj(condition.get("payload")).get("option_value"))
        if wanted is not None and wanted not in option_values(source.options):
            yield Finding(
                (*loc, "payload", "option_value"),
                "condition_option_unknown",
                "The item has no option of this value.",
            )


def _ends(condition: dict[object, object], loc: Loc) -> Iterator[Finding]:
    operator = word(condition.get("type"))
    payload = obj(condition.get("payload"))
    if operator in _RANGES:
        low, high = as_number(payload.get("min_value")), as_number(payload.get("max_value"))
        if low is not None and high is not None and low >= high:
            yield Finding(
                (*loc, "payload"),
                "condition_range_invalid",
                "`min_value` must be less than `max_value`.",
            )
    elif operator in _DATE_RANGES:
        start, end = _day(payload.get("min_date")), _day(payload.get("max_date"))
        if start is not None and end is not None and start > end:
            yield Finding(
                (*loc, "payload"),
                "condition_range_invalid",
                "`min_date` must not be after `max_date`.",
            )


def _day(raw: object) -> date | None:
    return raw if isinstance(raw, date) else as_date(raw)
