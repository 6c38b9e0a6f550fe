"""A tolerant look at a draft whose shape may be broken anywhere: garbage reads as absent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from src.applets.items.fields import as_number, as_option_value
from src.applets.items.locations import Loc


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the draft breaks, and the place."""

    loc: Loc
    code: LiteralString
    detail: str


def obj(raw: object) -> dict[object, object]:
    return raw if isinstance(raw, dict) else {}


def entries(raw: object) -> list[object]:
    return raw if isinstance(raw, list) else []


def word(raw: object) -> str | None:
    return raw if isinstance(raw, str) else None


def whole(raw: object) -> int | None:
    """Return an integer; a float that is whole counts, a boolean does not."""
    number = as_number(raw)
    if number is None or number != int(number):
        return None
    return int(number)


def option_value(raw: object) -> int | None:
    return whole(as_option_value(raw))


@dataclass(frozen=True, slots=True)
class RawItem:
    """An item as far as it can be made out."""

    loc: Loc
    index: int
    name: str | None
    type: str | None
    config: dict[object, object]
    values: dict[object, object]
    raw: dict[object, object]

    @property
    def options(self) -> list[dict[object, object]]:
        return [obj(option) for option in entries(self.values.get("options"))]


def items_of(activity: object, loc: Loc) -> list[RawItem]:
    """Return the items of an activity, in order."""
    return [
        RawItem(
            loc=(*loc, "items", index),
            index=index,
            name=word(item.get("name")),
            type=word(item.get("type")),
            config=obj(item.get("config")),
            values=obj(item.get("values")),
            raw=item,
        )
        for index, item in enumerate(map(obj, entries(obj(activity).get("items"))))
    ]


def option_values(options: list[dict[object, object]]) -> list[int | None]:
    """Return the value of each option: its own, or one more than the highest so far.

    The first free value follows all given ones; None stands where a given value is garbage.
    """
    given = [option_value(option.get("value")) for option in options]
    following = max((value for value in given if value is not None), default=-1) + 1
    values: list[int | None] = []
    for option, value in zip(options, given, strict=True):
        if option.get("value") is None:
            values.append(following)
            following += 1
        else:
            values.append(value)
    return values


def texts(raw: object) -> Iterator[tuple[Loc, str]]:
    """Walk over every string in the tree, names of fields included, with the place of each."""
    waiting: list[tuple[Loc, object]] = [((), raw)]
    while waiting:
        loc, node = waiting.pop()
        if isinstance(node, str):
            yield loc, node
        elif isinstance(node, dict):
            for key, value in node.items():
                name = str(key)
                yield (*loc, name), name
                waiting.append(((*loc, name), value))
        elif isinstance(node, list):
            waiting += [((*loc, index), value) for index, value in enumerate(node)]
