"""The same figures again, from the exported table alone: what the service says must agree."""

import csv
import io
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from demo.inventory import HIGH, LOW, AnswerSet, Scale, items


@dataclass(frozen=True, slots=True)
class Figures:
    n: int
    mean: float
    sd: float
    alpha: float
    alpha_n: int


def read(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


def differences(rows: list[dict[str, str]], sent: Mapping[UUID, AnswerSet]) -> list[str]:
    """Where the table differs from what was sent: rows too few, too many, or other values."""
    found: list[str] = []
    seen: set[UUID] = set()
    names = frozenset(items())
    for row in rows:
        key = UUID(row["submission_id"])
        if key in seen:
            found.append(f"{key} is there twice")
        seen.add(key)
        answers = sent.get(key)
        if answers is None:
            found.append(f"{key} was never sent")
            continue
        found += [
            f"{key}: {name} is {cell!r}"
            for name, cell in row.items()
            if name in names and cell != str(answers.values.get(name, ""))
        ]
    found += [f"{key} is missing" for key in sent.keys() - seen]
    return found


def figures(rows: list[dict[str, str]], scale: Scale) -> Figures:
    """Mean and deviation over everybody, Cronbach's alpha over complete cases."""
    cases = []
    means = []
    for row in rows:
        values = [_keyed(scale, name, row[name]) for name in scale.items]
        given = [value for value in values if value is not None]
        if given:
            means.append(statistics.fmean(given))
        if len(given) == len(values):
            cases.append(given)
    k = len(scale.items)
    of_items = sum(statistics.variance(column) for column in zip(*cases, strict=True))
    of_totals = statistics.variance([sum(case) for case in cases])
    return Figures(
        n=len(means),
        mean=statistics.fmean(means),
        sd=statistics.stdev(means),
        alpha=k / (k - 1) * (1 - of_items / of_totals),
        alpha_n=len(cases),
    )


def _keyed(scale: Scale, name: str, cell: str) -> int | None:
    if not cell:
        return None
    return LOW + HIGH - int(cell) if name in scale.reversed else int(cell)
