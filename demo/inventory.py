"""The inventory as a questionnaire, and the people's answers to it."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
LOW, HIGH = 1, 6
_LABELS = (
    "Very inaccurate",
    "Moderately inaccurate",
    "Slightly inaccurate",
    "Slightly accurate",
    "Moderately accurate",
    "Very accurate",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """A score: the items it averages, and which of them count the other way round."""

    name: str
    items: tuple[str, ...]
    reversed: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """What one person answered; an item that was left out is not in it."""

    person: str
    values: dict[str, int]


def items() -> dict[str, str]:
    """The text of each item by its name."""
    with (_DATA / "bfi.dictionary.csv").open(newline="") as file:
        return {row["rownames"]: row["Item"] for row in csv.DictReader(file) if row["Keying"] != ""}


def scales() -> list[Scale]:
    with (_DATA / "bfi.keys.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "rownames"]
    keys = {name: [row[name] for row in rows if row[name]] for name in names}
    return [
        Scale(
            name=name,
            items=tuple(key.removeprefix("-") for key in keys[name]),
            reversed=frozenset(key[1:] for key in keys[name] if key.startswith("-")),
        )
        for name in names
    ]


def answer_sets() -> Iterator[AnswerSet]:
    names = items()
    with (_DATA / "bfi.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield AnswerSet(
                person=row["rownames"],
                values={name: int(row[name]) for name in names if row[name]},
            )


def questionnaire() -> dict[str, Any]:
    """The draft of an applet that asks the inventory and scores it."""
    return {
        "name": "Personality inventory",
        "about": {"en": "25 items of the International Personality Item Pool, in five scales."},
        "activities": [
            {
                "name": "inventory",
                "items": [
                    {
                        "name": name,
                        "type": "single_select",
                        "question": {"en": text},
                        "config": {"skippable": True, "add_scores": True},
                        "values": {
                            "options": [
                                {"text": label, "value": value, "score": value}
                                for value, label in enumerate(_LABELS, start=LOW)
                            ]
                        },
                    }
                    for name, text in items().items()
                ],
                "scores_and_reports": {
                    "scores": [
                        {
                            "name": scale.name,
                            "calculation": "average",
                            "items": [
                                {"item": name, "reverse": True} if name in scale.reversed else name
                                for name in scale.items
                            ],
                        }
                        for scale in scales()
                    ]
                },
            }
        ],
    }
