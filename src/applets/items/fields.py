"""The small types that items are made of: names, numbers, flags."""

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from src.schemas import Printable

INTEGER_LIMIT = 2**31 - 1
SCORE_LIMIT = 1_000_000
OPTIONS = 1_000
ITEM_TYPES = (
    "text",
    "paragraph_text",
    "single_select",
    "multi_select",
    "slider",
    "number_select",
    "date",
    "message",
)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DIGITS = re.compile(r"-?[0-9]{1,10}", re.ASCII)


def two_decimals(value: float) -> float:
    """Return the number if it has at most two decimals."""
    if round(value, 2) != value:
        raise PydanticCustomError("too_many_decimals", "A number here has at most two decimals.")
    return value


def as_option_value(raw: object) -> object:
    """Read `"2"` as 2, which older clients send; anything else is left to the type."""
    if isinstance(raw, str) and _DIGITS.fullmatch(raw):
        return int(raw)
    return raw


def as_number(raw: object) -> float | int | None:
    """Return a finite number; booleans are none."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    return raw if isinstance(raw, float) and math.isfinite(raw) else None


def as_date(raw: object) -> date | None:
    """Read `"2026-03-01"` or `{"day": 1, "month": 3, "year": 2026}`; anything else is no date."""
    try:
        if isinstance(raw, str):
            return date.fromisoformat(raw) if _ISO_DATE.fullmatch(raw) else None
        if isinstance(raw, Mapping) and raw.keys() == {"day", "month", "year"}:
            parts = (raw["year"], raw["month"], raw["day"])
            return date(*parts) if all(type(part) is int for part in parts) else None
    except (ValueError, OverflowError):
        return None
    return None


def _read_date(raw: object) -> object:
    if isinstance(raw, date):
        return raw
    found = as_date(raw)
    if found is None:
        raise PydanticCustomError("invalid_date", "Send a real date, such as 2026-03-01.")
    return found


Flag = StrictBool
ItemName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=100)]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"\S"),
    Printable,
]
ShortText = Annotated[str, Field(max_length=500)]
Address = Annotated[str, Field(max_length=2_000, description="Where the picture lies.")]
Whole = Annotated[int, Field(strict=True, ge=-INTEGER_LIMIT, le=INTEGER_LIMIT)]
NotNegative = Annotated[int, Field(strict=True, ge=0, le=INTEGER_LIMIT)]
TwoDecimals = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, ge=-INTEGER_LIMIT, le=INTEGER_LIMIT),
    AfterValidator(two_decimals),
]
ScoreNumber = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, ge=-SCORE_LIMIT, le=SCORE_LIMIT),
    AfterValidator(two_decimals),
]
OptionValue = Annotated[Whole, BeforeValidator(as_option_value, json_schema_input_type=int | str)]
Day = Annotated[date, BeforeValidator(_read_date)]
