"""The rules of a form, which the Python peers share: what each item takes, and its scores."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bench.peers.shared import Refused


@dataclass(frozen=True, slots=True)
class Form:
    """A published activity: which values each item takes, and what its scores average."""

    revision_id: UUID
    choices: dict[str, frozenset[int]]
    scores: list[tuple[str, list[tuple[str, bool]]]]


def form(revision_id: UUID, content: dict[str, Any]) -> Form:
    return Form(
        revision_id=revision_id,
        choices={
            item["name"]: frozenset(option["value"] for option in item["values"]["options"])
            for item in content["items"]
        },
        scores=[
            (score["name"], [(entry, False) if isinstance(entry, str) else (entry["item"], True)
                             for entry in score["items"]])
            for score in content["scores_and_reports"]["scores"]
        ],
    )  # fmt: skip


def assessed(form: Form, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The scores of answers that fit the form. Raises Refused for any that does not."""
    values: dict[str, int] = {}
    for name, entry in payload.items():
        value = entry.get("value")
        if name not in form.choices or value not in form.choices[name]:
            raise Refused(f"{name} does not take this value")
        values[name] = value
    scores = []
    for name, items in form.scores:
        ends = {item: min(form.choices[item]) + max(form.choices[item]) for item, _ in items}
        worth = [ends[i] - values[i] if is_reversed else values[i]
                 for i, is_reversed in items if i in values]  # fmt: skip
        value = round(sum(worth) / len(worth) + 1e-9, 2) if worth else None
        scores.append({"name": name, "value": value, "answered": len(worth), "listed": len(items)})
    return scores


def part_sha256(submission_id: UUID, part: dict[str, Any]) -> bytes:
    text = json.dumps({"submission_id": str(submission_id), **part}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()
