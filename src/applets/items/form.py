"""An activity made ready for answers: everything that can be looked up is looked up once."""

from collections.abc import Mapping
from dataclasses import dataclass

from src.applets.items import responses, scoring, visibility
from src.applets.items.fields import as_number
from src.applets.items.raw import entries, obj


@dataclass(frozen=True, slots=True)
class Field:
    """An item as the answers meet it."""

    name: str
    type: str
    read: responses.Reader | None
    """Reads a value; None for a message, which takes no answer."""
    choices: frozenset[int] | None
    """All values of a single choice: what is in here needs no further reading."""
    required: bool
    timed: bool
    text: bool
    text_required: bool
    hidden: bool
    shown: visibility.Shown | None
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class Form:
    """An activity, compiled. It never changes, so it may be kept and shared."""

    fields: tuple[Field, ...]
    names: frozenset[str]
    scores: tuple[scoring.ScoreForm, ...]


def compile_activity(content: Mapping[str, object]) -> Form:
    """Prepare the content of an activity, as `normalise` gives it."""
    items = [obj(item) for item in entries(content.get("items"))]
    scales = {
        str(item.get("name")): scale
        for item in items
        if (scale := scoring.scale_of(item)) is not None
    }
    fields = tuple(_field(item) for item in items)
    return Form(
        fields=fields,
        names=frozenset(field.name for field in fields),
        scores=tuple(
            scoring.compile_score(obj(score), scales)
            for score in entries(obj(content.get("scores_and_reports")).get("scores"))
        ),
    )


def _field(item: Mapping[object, object]) -> Field:
    config = obj(item.get("config"))
    kind = str(item.get("type"))
    extra_text = obj(config.get("extra_text"))
    shown, sources = None, frozenset[str]()
    if item.get("condition") is not None:
        shown, sources = visibility.compile_condition(obj(item.get("condition")))
    return Field(
        name=str(item.get("name")),
        type=kind,
        read=None if kind == "message" else responses.reader(item),
        choices=responses.choices(item) if kind == "single_select" else None,
        required=_required(kind, config),
        timed=as_number(config.get("timer_seconds")) is not None,
        text=extra_text.get("enabled") is True,
        text_required=extra_text.get("required") is True,
        hidden=item.get("is_hidden") is True,
        shown=shown,
        sources=sources,
    )


def _required(kind: str, config: Mapping[object, object]) -> bool:
    """Texts may stay empty unless something says otherwise; other items may not, unless it does."""
    if kind == "message":
        return False
    if kind in {"text", "paragraph_text"}:
        return config.get("required") is True or config.get("skippable") is False
    return config.get("skippable") is not True


def numeric(field: Field, value: object) -> float | None:
    """Return the number that a stored value is for a mean: the option's value, or the number."""
    if field.type not in {"single_select", "slider", "number_select"}:
        return None
    number = as_number(value)
    return None if number is None else float(number)
