"""The columns of a table of answers, and the cells of a row."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from src.answers.schemas import Collected
from src.applets.schemas import Measure

FIXED = (
    "submission_id",
    "version",
    "respondent_id",
    "started_at",
    "completed_at",
    "received_at",
    "zone",
)
_NAMED = {"value": "{}", "text": "{}_text", "score": "score_{}"}
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """Where the cells of a column are found in the answers of a submission."""

    title: str
    activity_id: str
    kind: str
    """`value`, `text` (what was added to a choice) or `score`."""
    name: str


def columns(measures: Iterable[Measure]) -> list[Column]:
    """One column a measure, in their order.

    An item is titled by its name, and by its activity's too where two activities share it.
    """
    named = [(measure, _NAMED[measure.kind].format(measure.name)) for measure in measures]
    uses = Counter(name for _, name in named)
    return _distinct(
        [
            Column(
                title=name
                if uses[name] == 1 and name not in FIXED
                else _harmless(f"{measure.activity}.{name}"),
                activity_id=str(measure.activity_id),
                kind=measure.kind,
                name=measure.name,
            )
            for measure, name in named
        ]
    )


def _distinct(named: Sequence[Column]) -> list[Column]:
    """The columns, with a number behind a title that is still taken."""
    taken: set[str] = set()
    distinct = []
    for column in named:
        title, number = column.title, 2
        while title in taken:
            title, number = f"{column.title}_{number}", number + 1
        taken.add(title)
        distinct.append(replace(column, title=title))
    return distinct


def cells(collected: Collected, layout: Sequence[Column]) -> list[object]:
    """The row of a submission. What was not answered is empty."""
    answers = {str(answer.activity_id): answer for answer in collected.answers}
    scores = {
        (key, score.name): score.value for key, answer in answers.items() for score in answer.scores
    }
    row: list[object] = [
        collected.id,
        collected.version_label,
        collected.respondent_id,
        _instant(collected.started_at),
        _instant(collected.completed_at),
        _instant(collected.received_at),
        collected.zone,
    ]
    for column in layout:
        if column.kind == "score":
            row.append(_number(scores.get((column.activity_id, column.name))))
            continue
        answer = answers.get(column.activity_id)
        given = answer.payload.get(column.name) if answer else None
        value = given.get(column.kind) if given else None
        if value is None or type(value) is int:  # most cells: nothing to be done
            row.append(value)
        else:
            row.append(_cell(value))
    return row


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _cell(value: object) -> object:
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    return _number(value)


def _number(value: object) -> object:
    """Whole numbers without a fraction, as they were sent."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _harmless(text: str) -> str:
    """Text that a spreadsheet will not take for a formula. A plain number is none."""
    if text.startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text
