"""Conditions against an oracle that spells each operator out."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from src.applets.items import assess
from tests.applets.items import building
from tests.applets.items.building import Json, condition, item

_numbers = st.integers(0, 6) | st.integers(0, 12).map(lambda half: half / 2)
_days = st.integers(1, 6)


def shows(source: Json, asked: Json, value: object) -> bool:
    form = building.form(source, item("text", "target", condition=asked))
    entry = assess(form, {"source": {"value": value}}).values["target"]
    assert isinstance(entry, dict)
    return entry.get("why") != "hidden"


@given(
    operator=st.sampled_from(["EQUAL_TO_OPTION", "NOT_EQUAL_TO_OPTION"]),
    wanted=st.integers(0, 2),
    value=st.none() | st.integers(0, 2),
)
def test_single_choices(operator: str, wanted: int, value: int | None) -> None:
    source = item("single_select", "source", config={"skippable": True})

    expected = value is not None and (value == wanted) == (operator == "EQUAL_TO_OPTION")

    assert shows(source, condition("source", operator, option_value=wanted), value) == expected


@given(
    operator=st.sampled_from(["INCLUDES_OPTION", "NOT_INCLUDES_OPTION"]),
    wanted=st.integers(0, 2),
    value=st.none() | st.lists(st.integers(0, 2), unique=True),
)
def test_multiple_choices(operator: str, wanted: int, value: list[int] | None) -> None:
    source = item("multi_select", "source", config={"skippable": True})

    expected = bool(value) and (wanted in (value or [])) == (operator == "INCLUDES_OPTION")

    assert shows(source, condition("source", operator, option_value=str(wanted)), value) == expected


def compared(operator: str, value: float, wanted: float, low: float, high: float) -> bool:
    """What an operator means: a range excludes its ends in both of its forms."""
    match operator:
        case "GREATER_THAN" | "GREATER_THAN_DATE":
            return value > wanted
        case "LESS_THAN" | "LESS_THAN_DATE":
            return value < wanted
        case "EQUAL" | "EQUAL_TO_DATE":
            return value == wanted
        case "NOT_EQUAL" | "NOT_EQUAL_TO_DATE":
            return value != wanted
        case "BETWEEN" | "BETWEEN_DATES":
            return low < value < high
        case _:
            return value < low or high < value


@settings(max_examples=300)
@given(
    kind=st.sampled_from(["slider", "number_select"]),
    operator=st.sampled_from(
        ["GREATER_THAN", "LESS_THAN", "EQUAL", "NOT_EQUAL", "BETWEEN", "OUTSIDE_OF"]
    ),
    wanted=_numbers,
    ends=st.tuples(_numbers, _numbers).filter(lambda ends: ends[0] < ends[1]),
    value=st.none() | _numbers,
)
def test_numbers(
    kind: str, operator: str, wanted: float, ends: tuple[float, float], value: float | None
) -> None:
    config: Json = {"skippable": True}
    if kind == "slider":
        config["continuous"] = True
    elif value is not None:
        value = int(value)
    ranged = operator in {"BETWEEN", "OUTSIDE_OF"}
    payload = {"min_value": ends[0], "max_value": ends[1]} if ranged else {"value": wanted}

    expected = value is not None and compared(operator, value, wanted, *ends)

    source = item(kind, "source", config=config)
    assert shows(source, condition("source", operator, **payload), value) == expected


@settings(max_examples=300)
@given(
    operator=st.sampled_from(
        [
            "GREATER_THAN_DATE",
            "LESS_THAN_DATE",
            "EQUAL_TO_DATE",
            "NOT_EQUAL_TO_DATE",
            "BETWEEN_DATES",
            "OUTSIDE_OF_DATES",
        ]
    ),
    wanted=_days,
    ends=st.tuples(_days, _days).filter(lambda ends: ends[0] <= ends[1]),
    value=st.none() | _days,
)
def test_dates(operator: str, wanted: int, ends: tuple[int, int], value: int | None) -> None:
    payload: Json = {"date": day(wanted)}
    if operator.endswith("_DATES"):
        payload = {"min_date": day(ends[0]), "max_date": {"day": ends[1], "month": 3, "year": 999}}

    expected = value is not None and compared(operator, value, wanted, *ends)

    source = item("date", "source", config={"skippable": True})
    asked = condition("source", operator, **payload)
    assert shows(source, asked, None if value is None else day(value)) == expected


def day(number: int) -> str:
    return date(999, 3, number).isoformat()


@given(
    match=st.sampled_from(["any", "all"]),
    answers=st.lists(st.none() | st.integers(0, 2), min_size=3, max_size=3),
    wanted=st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2)), min_size=1, max_size=4
    ),
)
def test_any_and_all(
    match: str, answers: list[int | None], wanted: list[tuple[int, bool, int]]
) -> None:
    tests = [
        {
            "item_name": f"q{index}",
            "type": "EQUAL_TO_OPTION" if equal else "NOT_EQUAL_TO_OPTION",
            "payload": {"option_value": value},
        }
        for index, equal, value in wanted
    ]
    form = building.form(
        *(item("single_select", f"q{index}", config={"skippable": True}) for index in range(3)),
        item("text", "target", condition={"match": match, "conditions": tests}),
    )

    results = [
        answers[index] is not None and (answers[index] == value) == equal
        for index, equal, value in wanted
    ]
    expected = any(results) if match == "any" else all(results)

    payload: Json = {f"q{index}": {"value": value} for index, value in enumerate(answers)}
    entry = assess(form, payload).values["target"]
    assert (entry == {"value": None, "why": "skipped"}) == expected
