"""Answers against a form: checked, made canonical, scored. Everything wrong is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from src.applets.items import scoring
from src.applets.items.form import Field, Form
from src.applets.items.locations import escape
from src.applets.items.responses import NOTHING, Refused, storable
from src.exceptions import FieldError, Invalid

EXTRA_TEXT_LENGTH = 10_000

_ENTRY_FIELDS = frozenset({"value", "text", "why"})
_NO_ANSWER: dict[str, object] = {}
_REASONS = frozenset({"skipped", "hidden", "timeout"})


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an accepted set of answers comes to.

    `values` holds one entry for each item that takes an answer: `{"value", "text"?}`, or
    `{"value": null, "why": "skipped" | "hidden" | "timeout"}`.
    """

    values: dict[str, object]
    warnings: list[FieldError]
    scores: list[dict[str, object]]


def assess(form: Form, payload: Mapping[str, object]) -> Assessment:
    """Check the answers to an activity and return what is to be stored.

    Raises `Invalid` with every error. What was answered to an item that is not shown is dropped,
    and named in the warnings.
    """
    values: dict[str, object] = {}
    answered: dict[str, object] = {}
    errors: list[FieldError] = []
    warnings: list[FieldError] = []
    unsure: set[str] = set()
    for field in form.fields:
        name = field.name
        entry = payload.get(name)
        if unsure and not field.sources.isdisjoint(unsure):
            # Whether it shows hangs on a broken answer: judge what was sent, demand nothing.
            unsure.add(name)
            _read(field, entry, errors, demanding=False)
        elif field.hidden or (field.shown is not None and not field.shown(answered)):
            _hide(field, entry, values, warnings)
        elif (value := _plain_choice(field, entry)) is not None:
            answered[name] = value
            values[name] = {"value": value}
        else:
            stored = _read(field, entry, errors, demanding=True)
            if stored is None:
                unsure.add(name)
            elif field.read is not None:
                values[name] = stored
                if stored["value"] is not None:
                    answered[name] = stored["value"]
    if not payload.keys() <= form.names:
        errors += _unknown(form, payload)
    if errors:
        raise Invalid(errors=errors)
    return Assessment(values, warnings, [scoring.compute(score, answered) for score in form.scores])


def _plain_choice(field: Field, entry: object) -> int | None:
    """Return the option chosen when the entry says nothing else: nearly every answer."""
    if field.choices is None or type(entry) is not dict or len(entry) != 1 or field.text_required:
        return None
    value = entry.get("value")
    return value if type(value) is int and value in field.choices else None


def _unknown(form: Form, payload: Mapping[str, object]) -> list[FieldError]:
    return [
        FieldError(_pointer(name), "unknown_item", "The activity has no item of this name.")
        for name in payload
        if name not in form.names
    ]


def _pointer(name: str, part: str | None = None) -> str:
    place = f"/payload/{escape(name)}"
    return place if part is None else f"{place}/{escape(part)}"


def _hide(
    field: Field, entry: object, values: dict[str, object], warnings: list[FieldError]
) -> None:
    """Note an item that was not shown, and drop what was answered to it."""
    if field.read is not None:
        values[field.name] = {"value": None, "why": "hidden"}
    empty = entry is None or (
        isinstance(entry, dict) and entry.get("value") is None and entry.get("text") is None
    )
    if not empty:
        warnings.append(
            FieldError(
                _pointer(field.name),
                "hidden_answer_dropped",
                "The item was not shown, so its answer is not kept.",
            )
        )


def _read(
    field: Field, entry: object, errors: list[FieldError], *, demanding: bool
) -> dict[str, object] | None:
    """Return what to store for an item, or None after adding to the errors."""
    known = len(errors)
    entry = _NO_ANSWER if entry is None else entry
    if not isinstance(entry, dict):
        errors.append(
            FieldError(_pointer(field.name), "wrong_type", 'Send {"value": ...}, or null.')
        )
        return None
    errors += [
        FieldError(_pointer(field.name, str(part)), "unknown_field", "There is no such field.")
        for part in entry
        if part not in _ENTRY_FIELDS
    ]
    if field.read is None:
        _refuse_answer(field, entry, errors)
        return {} if len(errors) == known else None
    value = _value(field, entry, errors)
    text = _text(field, entry, errors, answered=value is not None)
    why = _reason(field, entry, errors, answered=value is not None)
    if len(errors) > known:
        return None
    timed_out = why == "timeout" and field.timed
    if value is None and field.required and demanding and not timed_out:
        errors.append(
            FieldError(_pointer(field.name), "answer_required", "This item must be answered.")
        )
        return None
    stored: dict[str, object] = {"value": value}
    if text is not None:
        stored["text"] = text
    if value is None:
        stored["why"] = "timeout" if timed_out else "skipped"
    return stored


def _reason(
    field: Field, entry: Mapping[str, object], errors: list[FieldError], *, answered: bool
) -> object:
    """Return why there is no answer, as the caller says."""
    why = entry.get("why")
    if why is None:
        return None
    place = _pointer(field.name, "why")
    if not isinstance(why, str) or why not in _REASONS:
        errors.append(
            FieldError(
                place,
                "invalid_reason",
                "An answer may be missing because it was skipped, hidden or timeout.",
            )
        )
    elif answered:
        errors.append(
            FieldError(
                place,
                "reason_with_value",
                "An answer that is there needs no reason for its absence.",
            )
        )
    return why


def _value(field: Field, entry: Mapping[str, object], errors: list[FieldError]) -> object:
    """Return the canonical value, or None when there is none or it is refused."""
    raw = entry.get("value")
    if raw is None or field.read is None:
        return None
    try:
        value = field.read(raw)
    except Refused as refusal:
        errors.append(FieldError(_pointer(field.name, "value"), refusal.code, refusal.detail))
        return None
    return None if value is NOTHING else value


def _text(
    field: Field, entry: Mapping[str, object], errors: list[FieldError], *, answered: bool
) -> str | None:
    """Return the text beside the answer, or None when there is none or it is refused."""
    text = entry.get("text")
    place = _pointer(field.name, "text")
    if text is not None and not field.text:
        errors.append(FieldError(place, "text_not_allowed", "The item takes no text beside it."))
        return None
    if text is not None and not isinstance(text, str):
        errors.append(FieldError(place, "wrong_type", "Send a text."))
        return None
    if text is None or not text or text.isspace():
        if field.text and field.text_required and answered:
            errors.append(
                FieldError(place, "text_required", "The item asks for a text beside the answer.")
            )
        return None
    if len(text) > EXTRA_TEXT_LENGTH:
        errors.append(
            FieldError(place, "too_long", f"At most {EXTRA_TEXT_LENGTH} characters are allowed.")
        )
        return None
    try:
        return storable(text)
    except Refused as refusal:
        errors.append(FieldError(place, refusal.code, refusal.detail))
        return None


def _refuse_answer(field: Field, entry: Mapping[str, object], errors: list[FieldError]) -> None:
    """A message may be named, but holds nothing."""
    errors += [
        FieldError(_pointer(field.name, part), "no_answer_allowed", "A message takes no answer.")
        for part in ("value", "text")
        if entry.get(part) is not None
    ]
