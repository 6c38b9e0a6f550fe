"""What a draft must obey beyond its shape. Each broken rule is a finding with a stable code.

The rules read the raw tree, so that a draft is told everything at once: a fault of shape in one
place hides no broken rule in another.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import LiteralString
from uuid import UUID

from src.applets.items import rules_conditions, rules_items, rules_scores
from src.applets.items.locations import Loc
from src.applets.items.raw import Finding, entries, items_of, obj, texts, word


def findings(raw: object) -> list[Finding]:
    """Return every broken rule of a draft, whatever its shape."""
    if not isinstance(raw, dict):
        return []
    activities = entries(raw.get("activities"))
    found = list(_unstorable(raw))
    for field, code, read in (
        ("name", "duplicate_activity_name", _folded),
        ("key", "duplicate_activity_key", word),
        ("id", "duplicate_activity_id", _identity),
    ):
        found += repeated(activities, ("activities",), field, code, read)
    for index, activity in enumerate(activities):
        loc: Loc = ("activities", index)
        items = items_of(activity, loc)
        rows = [item.raw for item in items]
        found += repeated(rows, (*loc, "items"), "name", "duplicate_item_name", word)
        found += repeated(rows, (*loc, "items"), "id", "duplicate_item_id", _identity)
        for item in items:
            found += rules_items.findings(item)
        found += rules_conditions.findings(items)
        reports = obj(obj(activity).get("scores_and_reports"))
        scores = entries(reports.get("scores"))
        place = (*loc, "scores_and_reports", "scores")
        found += repeated(scores, place, "name", "duplicate_score_name", _folded)
        found += rules_scores.findings(scores, place, items)
    return found


def repeated(
    rows: Iterable[object],
    loc: Loc,
    field: str,
    code: LiteralString,
    read: Callable[[object], object],
) -> Iterator[Finding]:
    """Find the rows whose field says what an earlier row's said."""
    seen: set[object] = set()
    for index, row in enumerate(rows):
        value = read(obj(row).get(field))
        if value is not None and value in seen:
            yield Finding((*loc, index, field), code, f"Another one has this {field} already.")
        seen.add(value)


def _folded(raw: object) -> str | None:
    text = word(raw)
    return None if text is None else text.strip().casefold()


def _identity(raw: object) -> UUID | None:
    if isinstance(raw, UUID):
        return raw
    try:
        return UUID(raw) if isinstance(raw, str) else None
    except ValueError:
        return None


def _unstorable(raw: object) -> Iterator[Finding]:
    """Find the NUL characters, which PostgreSQL cannot store."""
    for loc, text in texts(raw):
        if "\0" in text:
            yield Finding(loc, "unstorable_text", "A NUL character cannot be stored.")
