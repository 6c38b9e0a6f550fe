"""From answers, as they are read, to lines of a table: one a submission."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache

from pydantic_core import from_json

from src.answers.schemas import AnswerCells
from src.exports.cells import Written, quoted, written
from src.exports.layout import FIXED, Column

_label = lru_cache(maxsize=1_000)(quoted)
"""For what stands in very many lines."""


class Lines:
    """The lines of one table."""

    def __init__(self, layout: Sequence[Column]) -> None:
        self.titles = ",".join(quoted(title) for title in [*FIXED, *(c.title for c in layout)])
        self._blank: list[object] = [None] * len(layout)
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, column in enumerate(layout):
            self._places[str(column.activity_id)].append(place)
        self._written = Written()

    async def of(self, answers: AsyncIterator[AnswerCells]) -> AsyncIterator[str]:
        """A line for each submission, whose answers come one after the other.

        Of two answers to one activity the later one counts.
        """
        current: AnswerCells | None = None
        values: list[object] = []
        async for answer in answers:
            if current is None or answer.submission_id != current.submission_id:
                if current is not None:
                    yield self._line(current, values)
                current, values = answer, self._blank.copy()
            if answer.cells is not None and answer.activity_id is not None:
                places, found = self._places[answer.activity_id], from_json(answer.cells)
                if len(places) == len(values):
                    values = found
                    continue
                for place, value in zip(places, found, strict=True):
                    values[place] = value
        if current is not None:
            yield self._line(current, values)

    def _line(self, of: AnswerCells, values: Sequence[object]) -> str:
        label, zone = _label(of.version_label), _label(of.zone)
        start = (
            f"{of.submission_id},{label},{of.respondent_id},"
            f"{of.started_at},{of.completed_at},{of.received_at},{zone}"
        )
        look_up = self._written.__getitem__
        try:
            return ",".join([start, *map(look_up, values)])
        except TypeError:  # a list cannot be looked up
            texts = [written(one) if isinstance(one, list) else look_up(one) for one in values]
            return ",".join([start, *texts])
