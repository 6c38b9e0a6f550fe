"""What `items` knows of a published form, for the domains that take and read answers."""

from collections.abc import Mapping

from src.applets import items
from src.applets.schemas import (
    Assessment,
    Form,
    ItemField,
    Part,
    Revision,
    StoredRevision,
    Tree,
)


def compile_revision(stored: StoredRevision) -> Revision:
    """The form, ready to check answers against. It may be kept: a revision never changes."""
    form = compile_content(stored.content)
    return Revision(
        id=stored.id, activity_id=stored.activity_id, form=form, weight=_weight(stored.content)
    )


def _weight(content: Tree) -> int:
    """Items, with their options and conditions, and what scores list."""
    scores = content.get("scores_and_reports", {}).get("scores", [])
    return sum(
        1
        + len((item.get("values") or {}).get("options", []))
        + len((item.get("condition") or {}).get("conditions", []))
        for item in content["items"]
    ) + sum(1 + len(score["items"]) for score in scores)


def compile_content(content: Tree) -> Form:
    """The form of an activity as a published tree holds it."""
    return items.compile_activity(content)


def assess(form: Form, payload: Mapping[str, object]) -> Assessment:
    """Check answers and score them. Raises Invalid with every error."""
    return items.assess(form, payload)


def numeric(field: ItemField, value: object) -> float | None:
    """The number that a stored answer is, if it is one: what means are taken of."""
    return items.numeric(field, value)


def contribution(part: Part, value: object) -> float | None:
    """What a stored answer adds to a score, reversed where the score says so; None for nothing."""
    return items.contribution(part, value)
