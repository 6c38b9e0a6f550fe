"""Published content: one canonical form, its hash, and the label of the next version."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from src.applets.items.raw import entries, obj, option_values, word
from src.applets.items.schemas import AppletDraft

Content = dict[str, object]

_NAMES_OF_THINGS = frozenset({"id", "key", "revision_id"})


def normalise(draft: AppletDraft) -> Content:
    """Return the draft as canonical JSON content.

    Every default is filled in, so that published content means the same when a default changes;
    what is absent or null is left out; options have their values; whole numbers are integers.
    `activities` holds the content of each activity, with its `id` and `key` where it has them.
    """
    content = obj(_tidy(draft.model_dump(mode="json", exclude_none=True)))
    for activity in entries(content.get("activities")):
        for item in entries(obj(activity).get("items")):
            options = [
                obj(option) for option in entries(obj(obj(item).get("values")).get("options"))
            ]
            for option, value in zip(options, option_values(options), strict=True):
                option["value"] = value
    return {str(key): value for key, value in content.items()}


def sha256(content: Mapping[str, object]) -> str:
    """Return the hash of an activity's content, or of a whole tree.

    Handles (`id`, `key`, `revision_id`) of the tree, of activities and of items name a thing and
    are no part of what it says, so they do not count.
    """
    canonical = json.dumps(
        _without_handles(_tidy(content)),
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def next_label(
    previous_label: str | None, old: Mapping[str, object] | None, new: Mapping[str, object]
) -> str:
    """Return the label of the version that follows: `1.1.0` for the first.

    Another set of activities raises the first number, another set of items in one of them the
    second, anything else the third. Both trees are as `normalise` returns them. Things are the
    same when their ids agree or, where the new tree has no id, their names do.
    """
    if previous_label is None or old is None:
        return "1.1.0"
    major, middle, minor = (int(part) for part in previous_label.split("."))
    before, after = entries(old.get("activities")), entries(new.get("activities"))
    matched = _match(before, after)
    if matched is None:
        return f"{major + 1}.0.0"
    for one, other in matched:
        if _match(entries(obj(one).get("items")), entries(obj(other).get("items"))) is None:
            return f"{major}.{middle + 1}.0"
    return f"{major}.{middle}.{minor + 1}"


def _match(old: list[object], new: list[object]) -> list[tuple[object, object]] | None:
    """Pair the things of two lists; None when one has a thing that the other lacks."""
    if len(old) != len(new):
        return None
    ids = {_id(thing): thing for thing in old if _id(thing) is not None}
    names = {_name(thing): thing for thing in old}
    pairs: list[tuple[object, object]] = []
    for thing in new:
        key = _id(thing)
        same = ids.get(key) if key in ids else names.get(_name(thing))
        if same is None or (key is not None and _id(same) not in {key, None}):
            return None
        pairs.append((same, thing))
    return pairs if len({id(one) for one, _ in pairs}) == len(pairs) else None


def _id(thing: object) -> str | None:
    return word(obj(thing).get("id"))


def _name(thing: object) -> str:
    return (word(obj(thing).get("name")) or "").casefold()


def _without_handles(content: object) -> object:
    bare = _drop(content)
    for field in ("activities", "items"):
        if isinstance(bare, dict) and isinstance(bare.get(field), list):
            bare[field] = [_without_handles(part) for part in bare[field]]
    return bare


def _drop(thing: object) -> object:
    if not isinstance(thing, dict):
        return thing
    return {key: value for key, value in thing.items() if key not in _NAMES_OF_THINGS}


def _tidy(node: object) -> object:
    """Copy a tree; a whole float becomes an integer, because JSON does not tell them apart."""
    if isinstance(node, float):
        return int(node) if node.is_integer() else node
    if isinstance(node, Mapping):
        return {key: _tidy(value) for key, value in node.items()}
    if isinstance(node, Iterable) and not isinstance(node, str | bytes):
        return [_tidy(value) for value in node]
    return node
