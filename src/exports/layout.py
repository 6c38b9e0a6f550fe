"""The columns of a table of answers: their titles, and where their cells are found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from src.applets.schemas import ActivityId, Measure
from src.exports.cells import harmless

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


@dataclass(frozen=True, slots=True)
class Column:
    """Where the cells of a column are found in the answers of a submission."""

    title: str
    activity_id: ActivityId
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
                else harmless(f"{measure.activity}.{name}"),
                activity_id=measure.activity_id,
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


def ranks(layout: Sequence[Column]) -> list[int]:
    """Of each score its place among those of its activity; of anything else -1."""
    scores: Counter[ActivityId] = Counter()
    found = []
    for column in layout:
        if column.kind == "score":
            found.append(scores[column.activity_id])
            scores[column.activity_id] += 1
        else:
            found.append(-1)
    return found
