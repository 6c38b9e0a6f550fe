"""Statistics of an applet's answers, read once from end to end at constant memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from src.answers import service as answers_service
from src.answers.schemas import CollectedAnswer
from src.applets import service as applets_service
from src.applets.schemas import (
    ActivityId,
    AppletId,
    ItemField,
    RevisionId,
    ScoreForm,
    StoredRevision,
    Unasked,
)
from src.database import Transaction, closing
from src.statistics.moments import Moments, Reliability
from src.statistics.schemas import Bin, ItemStatistics, ScoreStatistics, Statistics

_BINS_MAX = 200
"""Different values of a slider or a number that are counted one by one."""
_CHOICES = frozenset({"single_select", "multi_select"})
_COUNTED = _CHOICES | {"slider", "number_select"}


class ItemTally:
    """One item, as answers come in. Equal values are counted, and described at the end."""

    def __init__(self, item: Mapping[str, Any], field: ItemField) -> None:
        self._field = field
        self.type = field.type
        self._n = self._missing = 0
        self._is_binned = field.type in _COUNTED
        options = item["values"].get("options", []) if field.type in _CHOICES else []
        self._counts: Counter[int | float] = Counter({option["value"]: 0 for option in options})
        self._moments = Moments()

    def add(self, given: Mapping[str, Any] | None) -> None:
        value = given.get("value") if given else None
        if value is None:
            self._missing += 1
            return
        self._n += 1
        if self.type not in _COUNTED:
            return
        if isinstance(value, list):
            self._counts.update(value)
        else:
            self._counts[value] += 1
        if self.type not in _CHOICES and len(self._counts) > _BINS_MAX:
            self._is_binned = False
            self._describe_counted()

    def result(self, activity_id: ActivityId, activity: str) -> ItemStatistics:
        bins = [Bin(value=value, n=n) for value, n in sorted(self._counts.items())]
        self._describe_counted()
        return ItemStatistics(
            activity_id=activity_id,
            activity=activity,
            name=self._field.name,
            type=self.type,
            n=self._n,
            missing=self._missing,
            distribution=bins if self._is_binned else None,
            mean=self._moments.mean if self._moments.n else None,
            sd=self._moments.sd,
        )

    def _describe_counted(self) -> None:
        """Move what was counted into mean and deviation."""
        for value, times in self._counts.items():
            number = applets_service.numeric(self._field, value)
            if times and number is not None:
                self._moments.add(number, times)
        self._counts.clear()


class ScoreTally:
    """One score, as answers come in."""

    def __init__(self, form: ScoreForm) -> None:
        self._form = form
        self._moments = Moments()
        self._reliability = Reliability(len(form.parts))
        # The same few values come again and again: what each is worth is looked up once.
        self._worths: list[dict[object, float | None]] = [{} for _ in form.parts]

    def add(self, answer: CollectedAnswer, asked: Mapping[str, ItemTally]) -> None:
        """Count an answer to a form that asked these of the score's items."""
        for score in answer.scores:
            if score.name == self._form.name and score.value is not None:
                self._moments.add(score.value)
        values = []
        for part, worths in zip(self._form.parts, self._worths, strict=True):
            if part.item not in asked:
                return
            given = answer.payload.get(part.item)
            value = given.get("value") if given else None
            key = tuple(value) if isinstance(value, list) else value
            if key not in worths and len(worths) < _BINS_MAX:
                worths[key] = applets_service.contribution(part, value)
            worth = worths[key] if key in worths else applets_service.contribution(part, value)
            if worth is None:
                return
            values.append(worth)
        self._reliability.add(values)

    def result(self, activity_id: ActivityId, activity: str) -> ScoreStatistics:
        moments, has_any = self._moments, self._moments.n > 0
        return ScoreStatistics(
            activity_id=activity_id,
            activity=activity,
            name=self._form.name,
            n=moments.n,
            mean=moments.mean if has_any else None,
            sd=moments.sd,
            min=moments.low if has_any else None,
            max=moments.high if has_any else None,
            alpha=self._reliability.alpha,
            alpha_n=self._reliability.n,
        )


class ActivityTally:
    """One activity, laid out by its newest content."""

    def __init__(self, revision: StoredRevision) -> None:
        self.id = revision.activity_id
        self.name = revision.content["name"]
        form = applets_service.compile_content(revision.content)
        by_name = {item["name"]: item for item in revision.content["items"]}
        self._items = {
            field.name: ItemTally(by_name[field.name], field)
            for field in form.fields
            if field.type != "message"
        }
        self._scores = [ScoreTally(score) for score in form.scores]
        self._asked: dict[RevisionId, dict[str, ItemTally]] = {}

    def learn(self, unasked: Unasked) -> None:
        """Note what a revision did not ask. An item of another type then is not the same."""
        self._asked.setdefault(unasked.revision_id, dict(self._items)).pop(unasked.name, None)

    def add(self, answer: CollectedAnswer) -> None:
        asked = self._asked.get(answer.revision_id, self._items)
        for name, tally in asked.items():
            tally.add(answer.payload.get(name))
        for score in self._scores:
            score.add(answer, asked)

    def items(self) -> Iterator[ItemStatistics]:
        return (tally.result(self.id, self.name) for tally in self._items.values())

    def scores(self) -> Iterator[ScoreStatistics]:
        return (tally.result(self.id, self.name) for tally in self._scores)


async def get(conn: Transaction, *, applet_id: AppletId) -> Statistics:
    """Statistics of every submission, all of it of one moment.

    Items and scores are those of the newest version of each activity that was ever published.
    """
    tallies: dict[ActivityId, ActivityTally] = {}
    for revision_id in await applets_service.list_newest_revisions(conn, applet_id=applet_id):
        revision = await applets_service.get_revision(conn, revision_id=revision_id)
        tallies[revision.activity_id] = ActivityTally(revision)
    async with closing(applets_service.stream_unasked(conn, applet_id=applet_id)) as differences:
        async for unasked in differences:
            tallies[unasked.activity_id].learn(unasked)
    submissions = 0
    async with closing(answers_service.stream_collected(conn, applet_id=applet_id)) as rows:
        async for collected in rows:
            submissions += 1
            for answer in collected.answers:
                tallies[answer.activity_id].add(answer)
    return Statistics(
        submissions=submissions,
        items=[item for tally in tallies.values() for item in tally.items()],
        scores=[score for tally in tallies.values() for score in tally.scores()],
    )
