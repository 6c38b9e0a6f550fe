"""Conditions at work: does an item show, given the answers before it?

BETWEEN excludes both ends and OUTSIDE_OF is below the lower or above the upper one, so the ends
match neither. A source without an answer matches nothing, not even the NOT_ forms.
"""

from collections.abc import Callable, Mapping

from src.applets.items.fields import as_number
from src.applets.items.raw import entries, obj, option_value

Answers = Mapping[str, object]
Shown = Callable[[Answers], bool]
Test = Callable[[object], bool]


def compile_condition(condition: Mapping[object, object]) -> tuple[Shown, frozenset[str]]:
    """Return the function that tells whether the item shows, and the names it asks.

    The function takes the stored values of the items answered so far, by name.
    """
    tests = [
        (str(entry.get("item_name")), _test(str(entry.get("type")), obj(entry.get("payload"))))
        for entry in map(obj, entries(condition.get("conditions")))
    ]
    sources = frozenset(name for name, _ in tests)
    if condition.get("match") == "any":
        return (
            lambda answers: any(name in answers and test(answers[name]) for name, test in tests),
            sources,
        )
    return (
        lambda answers: all(name in answers and test(answers[name]) for name, test in tests),
        sources,
    )


def _test(operator: str, payload: Mapping[object, object]) -> Test:
    if operator.endswith("_OPTION"):
        return _option_test(operator, option_value(payload.get("option_value")))
    if operator.endswith(("_DATE", "_DATES")):
        return _date_test(operator, payload)
    return _number_test(operator, payload)


def _option_test(operator: str, wanted: int | None) -> Test:
    tests: dict[str, Test] = {
        "EQUAL_TO_OPTION": lambda value: value == wanted,
        "NOT_EQUAL_TO_OPTION": lambda value: value != wanted,
        "INCLUDES_OPTION": lambda value: isinstance(value, list) and wanted in value,
        "NOT_INCLUDES_OPTION": lambda value: isinstance(value, list) and wanted not in value,
    }
    return tests[operator]


def _number_test(operator: str, payload: Mapping[object, object]) -> Test:
    wanted = as_number(payload.get("value")) or 0
    low = as_number(payload.get("min_value")) or 0
    high = as_number(payload.get("max_value")) or 0
    tests: dict[str, Callable[[float], bool]] = {
        "GREATER_THAN": lambda value: value > wanted,
        "LESS_THAN": lambda value: value < wanted,
        "EQUAL": lambda value: value == wanted,
        "NOT_EQUAL": lambda value: value != wanted,
        "BETWEEN": lambda value: low < value < high,
        "OUTSIDE_OF": lambda value: value < low or value > high,
    }
    test = tests[operator]
    return lambda value: isinstance(value, int | float) and test(value)


def _date_test(operator: str, payload: Mapping[object, object]) -> Test:
    """Compare ISO dates as text: their order is the same."""
    wanted = str(payload.get("date"))
    low, high = str(payload.get("min_date")), str(payload.get("max_date"))
    tests: dict[str, Callable[[str], bool]] = {
        "GREATER_THAN_DATE": lambda value: value > wanted,
        "LESS_THAN_DATE": lambda value: value < wanted,
        "EQUAL_TO_DATE": lambda value: value == wanted,
        "NOT_EQUAL_TO_DATE": lambda value: value != wanted,
        "BETWEEN_DATES": lambda value: low < value < high,
        "OUTSIDE_OF_DATES": lambda value: value < low or value > high,
    }
    test = tests[operator]
    return lambda value: isinstance(value, str) and test(value)
