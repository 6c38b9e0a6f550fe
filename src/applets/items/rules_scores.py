"""Rules of scores: what they count exists, can be counted, and is counted once."""

from collections.abc import Iterator, Sequence

from src.applets.items.fields import ITEM_TYPES
from src.applets.items.locations import Loc
from src.applets.items.raw import Finding, RawItem, entries, obj, word

SCORABLE = ("single_select", "multi_select", "slider", "number_select")
UNSCORABLE = tuple(kind for kind in ITEM_TYPES if kind not in SCORABLE)


def findings(scores: Sequence[object], loc: Loc, items: Sequence[RawItem]) -> Iterator[Finding]:
    """Return the broken rules of the scores of an activity."""
    first: dict[str, RawItem] = {}
    for item in items:
        if item.name is not None:
            first.setdefault(item.name, item)
    for index, score in enumerate(scores):
        seen: set[str] = set()
        for position, entry in enumerate(entries(obj(score).get("items"))):
            place: Loc = (*loc, index, "items", position)
            name = word(entry)
            if name is None:
                name = word(obj(entry).get("item"))
                place = (*place, "item")
            if name is None:
                continue
            if name in seen:
                yield Finding(place, "duplicate_score_item", "The score counts this item already.")
            seen.add(name)
            yield from _counted(first.get(name), place)


def _counted(item: RawItem | None, place: Loc) -> Iterator[Finding]:
    if item is None:
        yield Finding(place, "score_item_unknown", "The activity has no item of this name.")
    elif item.type in UNSCORABLE:
        yield Finding(place, "score_item_type", f"An item of type {item.type} has no score.")
    elif not _carries_scores(item):
        yield Finding(
            place,
            "score_item_without_scores",
            "This item has no scores: set `add_scores` and give each option or step its score.",
        )


def _carries_scores(item: RawItem) -> bool:
    """Tell whether the item has scores, or says so (then what is missing is found there)."""
    if (
        item.type not in {"single_select", "multi_select", "slider"}
        or item.config.get("add_scores") is True
    ):
        return True
    if item.type == "slider":
        return item.values.get("scores") is not None
    return all(option.get("score") is not None for option in item.options)
