"""When an item is shown: conditions on earlier items of the activity."""

from typing import Annotated, Literal

from pydantic import Field

from src.applets.items.fields import Day, ItemName, OptionValue, TwoDecimals
from src.schemas import Payload

NUMBER_OPERATORS = ("GREATER_THAN", "LESS_THAN", "EQUAL", "NOT_EQUAL", "BETWEEN", "OUTSIDE_OF")
DATE_OPERATORS = (
    "GREATER_THAN_DATE",
    "LESS_THAN_DATE",
    "EQUAL_TO_DATE",
    "NOT_EQUAL_TO_DATE",
    "BETWEEN_DATES",
    "OUTSIDE_OF_DATES",
)
OPERATORS: dict[str, tuple[str, ...]] = {
    "single_select": ("EQUAL_TO_OPTION", "NOT_EQUAL_TO_OPTION"),
    "multi_select": ("INCLUDES_OPTION", "NOT_INCLUDES_OPTION"),
    "slider": NUMBER_OPERATORS,
    "number_select": NUMBER_OPERATORS,
    "date": DATE_OPERATORS,
}
"""What may be asked of a source, by its type; other types are no sources."""


class OptionPayload(Payload):
    option_value: OptionValue


class ValuePayload(Payload):
    value: TwoDecimals


class RangePayload(Payload):
    min_value: TwoDecimals
    max_value: TwoDecimals


class DatePayload(Payload):
    date: Day


class DateRangePayload(Payload):
    min_date: Day
    max_date: Day


class OptionCondition(Payload):
    item_name: ItemName
    type: Literal[
        "EQUAL_TO_OPTION", "NOT_EQUAL_TO_OPTION", "INCLUDES_OPTION", "NOT_INCLUDES_OPTION"
    ]
    payload: OptionPayload


class ValueCondition(Payload):
    item_name: ItemName
    type: Literal["GREATER_THAN", "LESS_THAN", "EQUAL", "NOT_EQUAL"]
    payload: ValuePayload


class RangeCondition(Payload):
    item_name: ItemName
    type: Literal["BETWEEN", "OUTSIDE_OF"]
    payload: RangePayload


class DateCondition(Payload):
    item_name: ItemName
    type: Literal["GREATER_THAN_DATE", "LESS_THAN_DATE", "EQUAL_TO_DATE", "NOT_EQUAL_TO_DATE"]
    payload: DatePayload


class DateRangeCondition(Payload):
    item_name: ItemName
    type: Literal["BETWEEN_DATES", "OUTSIDE_OF_DATES"]
    payload: DateRangePayload


Test = Annotated[
    OptionCondition | ValueCondition | RangeCondition | DateCondition | DateRangeCondition,
    Field(discriminator="type"),
]


class Condition(Payload):
    match: Literal["any", "all"]
    conditions: Annotated[list[Test], Field(min_length=1, max_length=1_000)]
