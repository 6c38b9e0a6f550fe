"""The columns of a table of answers, and the cells of a row."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from src.answers.schemas import Collected
from src.applets.schemas import StoredVersion

FIXED = (
    "submission_id",
    "version",
    "respondent_id",
    "started_at",
    "completed_at",
    "received_at",
    "zone",
)
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


def columns(versions: Iterable[StoredVersion]) -> list[Column]:
    """One column an item and a score, over all versions; the newest version's come first.

    An item is titled by its name, and by its activity's too where two activities share it.
    """
    found: dict[tuple[str, str, str], Column] = {}
    activity_names: dict[str, str] = {}
    for version in versions:
        for activity in version.content["activities"]:
            activity_names.setdefault(activity["id"], activity["name"])
            for column in _columns(activity):
                found.setdefault((column.activity_id, column.kind, column.name), column)
    uses = Counter(column.title for column in found.values())
    titled = [
        column
        if uses[column.title] == 1 and column.title not in FIXED
        else replace(
            column, title=_harmless(f"{activity_names[column.activity_id]}.{column.title}")
        )
        for column in found.values()
    ]
    return _distinct(titled)


def _columns(activity: Mapping[str, Any]) -> Iterator[Column]:
    key = activity["id"]
    for item in activity["items"]:
        name = item["name"]
        if item["type"] == "message":
            continue
        yield Column(name, key, "value", name)
        if item.get("config", {}).get("extra_text", {}).get("enabled"):
            yield Column(f"{name}_text", key, "text", name)
    for score in activity.get("scores_and_reports", {}).get("scores", []):
        yield Column(f"score_{score['name']}", key, "score", score["name"])


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
