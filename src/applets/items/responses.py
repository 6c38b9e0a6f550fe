"""The value of an answer, by type of item: what is accepted, and how it is stored.

`reader(item)` builds, once for a form, the function that reads one value. It returns the value to
store or `NOTHING` for an answer that says nothing (blank text, no option chosen), or raises
`Refused`.
"""

import math
import re
from collections.abc import Callable, Mapping

from src.applets.items.fields import as_date
from src.applets.items.raw import entries, obj, option_values, whole

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)

Reader = Callable[[object], object]


class Refused(Exception):
    """The value breaks a rule of its item."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Nothing:
    """The type of `NOTHING`."""


NOTHING = _Nothing()


def is_numeric(text: str) -> bool:
    """Tell whether a text is a plain decimal number, with a point if any."""
    return _NUMERIC.fullmatch(text) is not None


def storable(text: str) -> str:
    """Return the text unless PostgreSQL could not store it."""
    if "\0" in text:
        raise Refused("unstorable_text", "A NUL character cannot be stored.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Refused(
                "unstorable_text", "The text has half of a surrogate pair, which is no character."
            ) from None
    return text


def reader(item: Mapping[object, object]) -> Reader:
    """Return the function that reads a value for this item."""
    return _READERS[str(item.get("type"))](obj(item.get("config")), obj(item.get("values")))


def choices(item: Mapping[object, object]) -> frozenset[int]:
    """Return the option values that may be chosen."""
    return frozenset(_choosable(obj(item.get("values"))))


def _whole_number(value: object) -> int:
    number = None if isinstance(value, bool) else whole(value)
    if number is None:
        raise Refused("wrong_type", "Send a whole number.")
    return number


def _text(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    limit = whole(config.get("max_length")) or 0
    numeric = config.get("numeric_only") is True
    correct = (
        config.get("correct_answer")
        if config.get("correct_answer_required", True) is True
        else None
    )

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise Refused("wrong_type", "Send a text.")
        if len(value) > limit:
            raise Refused("too_long", f"At most {limit} characters are allowed.")
        storable(value)
        if not value or value.isspace():
            return NOTHING
        if numeric and not is_numeric(value):
            raise Refused("not_numeric", "Only a number is allowed here, such as -2.5.")
        if correct is not None and value != correct:
            raise Refused("wrong_answer", "This is not the answer that the item asks for.")
        return value

    return read


def _choosable(values: Mapping[object, object]) -> dict[int, dict[object, object]]:
    options = [obj(option) for option in entries(values.get("options"))]
    return {
        value: option
        for value, option in zip(option_values(options), options, strict=True)
        if value is not None and option.get("is_hidden") is not True
    }


def _single(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    allowed = frozenset(_choosable(values))

    def read(value: object) -> object:
        if type(value) is not int:
            value = _whole_number(value)
        if value not in allowed:
            raise Refused("not_an_option", "The item has no option of this value.")
        return value

    return read


def _multi(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    options = _choosable(values)
    order = {value: position for position, value in enumerate(options)}
    alone = next(
        (value for value, option in options.items() if option.get("is_none_above") is True), None
    )

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise Refused("wrong_type", "Send a list of option values.")
        chosen = [_whole_number(entry) for entry in value]
        if any(entry not in order for entry in chosen):
            raise Refused("not_an_option", "The item has no option of one of these values.")
        if len(set(chosen)) != len(chosen):
            raise Refused("duplicate_value", "The same option is listed twice.")
        if alone in chosen and len(chosen) > 1:
            raise Refused("none_above_not_alone", "This option excludes all others of the item.")
        return sorted(chosen, key=order.__getitem__) if chosen else NOTHING

    return read


def _bounded(values: Mapping[object, object]) -> tuple[int, int]:
    return whole(values.get("min_value")) or 0, whole(values.get("max_value")) or 0


def _slider(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    low, high = _bounded(values)
    continuous = config.get("continuous") is True

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused("wrong_type", "Send a number.")
        if isinstance(value, float) and not math.isfinite(value):
            raise Refused("wrong_type", "Send a number.")
        if not low <= value <= high:
            raise Refused("out_of_range", f"The number must be from {low} to {high}.")
        if value == int(value):
            return int(value)
        if not continuous:
            raise Refused("not_whole", "Send a whole number: this slider moves in steps.")
        return value

    return read


def _number(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    low, high = _bounded(values)

    def read(value: object) -> object:
        number = _whole_number(value)
        if not low <= number <= high:
            raise Refused("out_of_range", f"The number must be from {low} to {high}.")
        return number

    return read


def _date(config: Mapping[object, object], values: Mapping[object, object]) -> Reader:
    def read(value: object) -> object:
        day = as_date(value)
        if day is None:
            raise Refused("invalid_date", "Send a real date, such as 2026-03-01.")
        return day.isoformat()

    return read


_READERS: dict[str, Callable[[Mapping[object, object], Mapping[object, object]], Reader]] = {
    "text": _text,
    "paragraph_text": _text,
    "single_select": _single,
    "multi_select": _multi,
    "slider": _slider,
    "number_select": _number,
    "date": _date,
}
