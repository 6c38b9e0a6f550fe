"""One item of a source: its question and what may be answered, as an item of ours."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from src.applets.importers.library import Library
from src.applets.importers.nodes import Node, Texts, fitted, short, texts
from src.applets.importers.report import Report
from src.applets.importers.sums import Range
from src.applets.items.fields import INTEGER_LIMIT, OPTIONS, SCORE_LIMIT
from src.applets.items.texts import LABEL_LENGTH, TEXT_LENGTH

Json = dict[str, object]

NUMBER_SPAN = 100_000
SLIDER_SPAN = 10_000

_CHOICE_INPUTS = {"radio", "select", "checkbox", "selectlanguage", "selectcountry", "selectstate"}
_NUMBER_INPUTS = {"number", "int", "integer", "float", "decimal", "double"}
_NUMBER_TYPES = {"int", "integer", "float", "decimal", "double"}
_WHOLE_TYPES = {"int", "integer", "nonnegativeinteger", "positiveinteger"}
_TEXT_INPUTS = {"text": "text", "textarea": "paragraph_text", "multitext": "paragraph_text"}
_SHOWN_ONLY = {"static", "", "none"}
_TECHNICAL = {"context", "id", "type", "category", "schemaversion", "version"}
_LABELS = {"preflabel", "altlabel", "description"}
_ITEM_FIELDS = {"question", "ui", "responseoptions", "preamble"}
_UI_FIELDS = {"inputtype", "readonlyvalue"}
_OPTION_FIELDS = {
    "valuetype",
    "minvalue",
    "maxvalue",
    "choices",
    "multiplechoice",
    "maxlength",
    "label",
}
_CHOICE_FIELDS = {"name", "value", "image", "preflabel", "type"}


@dataclass(slots=True)
class Mapped:
    """An item of ours; what the source calls its options, and what it can be worth in a score."""

    item: Json
    worths: dict[int, float | str] = field(default_factory=dict)
    range: Range | None = None


def mapped(node: Node, name: str, library: Library, report: Report) -> Mapped:
    """Return the item that a document describes; what does not fit is reported."""
    options = _options_node(node, library, report)
    result = _typed(node, options, report)
    result.item.update({"name": name, "question": _question(node, name, report)})
    same = _letters(excerpt(node.get("prefLabel"))) == _letters(name)
    leftovers(node, _ITEM_FIELDS | ({"preflabel"} if same else set()), report)
    leftovers(node.get("ui"), _UI_FIELDS, report)
    leftovers(options, _OPTION_FIELDS, report)
    return result


def _letters(text: str) -> str:
    """Return what is left of a name without its punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def leftovers(node: Node, known: set[str], report: Report) -> None:
    """Report the fields of a node that nothing of ours can hold."""
    for key, value in node.fields():
        if key.lower() in known | _TECHNICAL or value.value in (None, "", [], {}):
            continue
        code = "label_not_carried" if key.lower() in _LABELS else "not_carried"
        report.add(value.source, code, f"{key}: {excerpt(value)}")


def excerpt(node: Node) -> str:
    found = " | ".join(texts(node, Report(), limit=1_000).values())
    if not found and node.value is not None and node.scalar() is None:
        found = f"{len(list(node.fields())) or len(node.entries())} entries"
    return (found or str(node.value))[:1_000]


def _question(node: Node, name: str, report: Report) -> Texts:
    """Return the question, with the item's own preamble before it."""
    question = texts(node.get("question"), report)
    if not question:
        question = texts(node.get("prefLabel", "altLabel", "description"), report)
        report.add(
            node.source, "question_missing", "The item asks nothing; its label stands in for it."
        )
    preamble = texts(node.get("preamble"), report)
    joined = {
        language: fitted(
            "\n\n".join(part for part in (preamble.get(language), question.get(language)) if part),
            TEXT_LENGTH,
        )
        for language in {**question, **preamble}
    }
    return joined or {"en": name}


def _options_node(node: Node, library: Library, report: Report) -> Node:
    """Return what may be answered, which may stand in a document of its own."""
    reference = node.get("responseOptions", "valueConstraints", "valueconstraints")
    if reference.value is None:
        return reference
    options = library.resolve(reference)
    if options is None or not isinstance(options.value, dict):
        report.add(
            reference.source,
            "options_not_found",
            f"{excerpt(reference)} is not in the upload, so the possible answers are unknown.",
        )
        return Node(None, node.document, reference.way)
    return options


def _input_type(node: Node) -> str:
    return short(
        node.get("ui").get("inputType").word() or node.get("inputType").word() or ""
    ).lower()


def _value_types(options: Node) -> set[str]:
    return {short(entry.word() or "").lower() for entry in options.get("valueType").entries()}


def _typed(node: Node, options: Node, report: Report) -> Mapped:
    """Return type, config and values, as the input type, the choices and the value type say."""
    wanted = _input_type(node)
    place = node.get("ui").get("inputType").source
    kinds = _value_types(options)
    choices = options.get("choices").entries()
    if wanted == "slider":
        return _slider(options, choices, report)
    if choices and not wanted.startswith("audio"):
        if wanted not in _CHOICE_INPUTS:
            report.add(
                place, "input_changed", f"{wanted or 'No input'} with choices is a selection."
            )
        return _select(node, options, choices, report)
    if wanted in _SHOWN_ONLY and (wanted == "static" or not kinds):
        return Mapped({"type": "message"})
    if wanted == "date" or (kinds == {"date"} and wanted != "year"):
        return Mapped({"type": "date"})
    if wanted in _NUMBER_INPUTS or (wanted in _SHOWN_ONLY and kinds & _NUMBER_TYPES):
        return _number(wanted, options, kinds, report)
    return _text(wanted, place, options, report)


def _text(wanted: str, place: str, options: Node, report: Report) -> Mapped:
    if wanted.startswith("audio") or wanted in {"documentupload", "sign", "videorecord", "photo"}:
        report.add(
            place,
            "input_not_supported",
            f"{wanted} has no counterpart; its question is shown only.",
        )
        return Mapped({"type": "message"})
    if wanted == "year":
        report.add(place, "input_changed", "A year is asked for as a text of digits.")
        return Mapped({"type": "text", "config": {"numeric_only": True, "max_length": 4}})
    if wanted == "pid":
        return Mapped({"type": "text", "config": {"is_data_identifier": True}})
    kind = _TEXT_INPUTS.get(wanted, "text")
    if wanted in _CHOICE_INPUTS:
        report.add(place, "choices_missing", "A selection without choices is asked for as a text.")
    elif wanted not in {"text", "textarea"}:
        report.add(place, "input_changed", f"{wanted or 'No input'} is asked for as a text.")
    for bound in ("minValue", "maxValue"):
        _unused(options.get(bound), report)
    limit = options.get("maxLength").number()
    config: Json = {}
    if isinstance(limit, int) and 1 <= limit <= 10_000:
        config["max_length"] = limit
    return Mapped({"type": kind, "config": config})


def _unused(bound: Node, report: Report) -> None:
    if bound.value is not None:
        report.add(bound.source, "bound_not_carried", f"The bound {excerpt(bound)} is not checked.")


def _ends(options: Node) -> tuple[int, int] | None:
    """Return whole ends of a range, if it has them."""
    low, high = options.get("minValue").number(), options.get("maxValue").number()
    if not isinstance(low, int) or not isinstance(high, int) or low >= high:
        return None
    return (low, high) if abs(low) <= INTEGER_LIMIT and abs(high) <= INTEGER_LIMIT else None


def _number(wanted: str, options: Node, kinds: set[str], report: Report) -> Mapped:
    """A whole number with a sane range is a number of ours, any other a text of digits."""
    ends = _ends(options)
    whole = kinds <= _WHOLE_TYPES and wanted not in {"float", "decimal", "double"}
    if whole and ends is not None and ends[1] - ends[0] <= NUMBER_SPAN:
        return Mapped(
            {"type": "number_select", "values": {"min_value": ends[0], "max_value": ends[1]}},
            range=Range(Fraction(ends[0]), Fraction(ends[1])),
        )
    report.add(
        options.source,
        "number_as_text",
        "The number has no whole range, so it is asked for as a text of digits.",
    )
    for bound in ("minValue", "maxValue"):
        _unused(options.get(bound), report)
    return Mapped({"type": "text", "config": {"numeric_only": True}})


def _slider(options: Node, choices: list[Node], report: Report) -> Mapped:
    numbers = [choice.get("value").number() for choice in choices]
    whole = [number for number in numbers if isinstance(number, int)]
    ends = _ends(options)
    if ends is None and len(whole) > 1 and min(whole) < max(whole):
        ends = (min(whole), max(whole))
    if ends is None or ends[0] < 0 or ends[1] > INTEGER_LIMIT:
        report.add(
            options.source,
            "slider_changed",
            "The slider has no whole range from 0 up, which ours needs.",
        )
        if choices:
            return _selection("single_select", options, choices, report)
        return _number("", options, {"integer"}, report)
    low, high = ends
    values: Json = {"min_value": low, "max_value": high}
    for choice, number in zip(choices, numbers, strict=True):
        label = texts(choice.get("name", "prefLabel"), report, limit=LABEL_LENGTH)
        end = "min_label" if number == low else "max_label" if number == high else None
        if not label:
            continue
        if end is not None and end not in values:
            values[end] = label
        else:
            report.add(
                choice.source, "label_not_carried", f"A slider has labels at its ends only: {label}"
            )
        leftovers(choice, _CHOICE_FIELDS - {"image"}, report)
    scorable = high - low < SLIDER_SPAN and high <= SCORE_LIMIT
    return Mapped(
        {"type": "slider", "values": values},
        range=Range(Fraction(low), Fraction(high)) if scorable else None,
    )


def _select(node: Node, options: Node, choices: list[Node], report: Report) -> Mapped:
    several = (
        options.get("multipleChoice").flag() is True
        or node.get("ui").get("multipleChoice").flag() is True
        or _input_type(node) == "checkbox"
    )
    return _selection("multi_select" if several else "single_select", options, choices, report)


def _selection(kind: str, options: Node, choices: list[Node], report: Report) -> Mapped:
    """Number the options: a whole value is kept, any other becomes one more than the highest."""
    if len(choices) > OPTIONS:
        report.add(options.source, "choices_left_out", f"Only {OPTIONS} choices are carried over.")
        choices = choices[:OPTIONS]
    taken: set[int] = set()
    rows: list[tuple[Node, int | None]] = []
    for choice in choices:
        value = _kept_value(choice, taken, report)
        if value is not None:
            taken.add(value)
        rows.append((choice, value))
    following = max(taken, default=-1) + 1
    listed: list[Json] = []
    worths: dict[int, float | str] = {}
    for choice, value in rows:
        number = value
        if number is None:
            number, following = following, following + 1
            report.add(
                choice.source,
                "choice_numbered",
                f"The choice got the value {number} instead of {excerpt(_value_node(choice))}.",
            )
        worths[number] = _worth(choice, number)
        listed.append(_option(choice, number, report))
    return Mapped(
        {"type": kind, "values": {"options": listed}},
        worths=worths,
        range=_range(kind, worths),
    )


def _value_node(choice: Node) -> Node:
    return choice.get("value") if isinstance(choice.value, dict) else Node(None, choice.document)


def _kept_value(choice: Node, taken: set[int], report: Report) -> int | None:
    """Return the choice's own value where ours can hold it and no other choice has it."""
    node = _value_node(choice)
    flag = node.value if isinstance(node.value, bool) else None
    number = int(flag) if flag is not None else node.number()
    if not isinstance(number, int) or number in taken or abs(number) >= INTEGER_LIMIT // 2:
        return None
    if not isinstance(node.value, int) or flag is not None:
        report.add(node.source, "choice_value_read", f"{excerpt(node)} was read as {number}.")
    return number


def _worth(choice: Node, number: int) -> float | str:
    """Return what the source calls the option in its expressions."""
    node = _value_node(choice)
    own = node.number()
    if own is not None:
        return own
    if isinstance(node.value, bool):
        return int(node.value)
    return node.word() or number


def _option(choice: Node, number: int, report: Report) -> Json:
    label = texts(
        choice.get("name", "prefLabel") if isinstance(choice.value, dict) else choice, report
    )
    option: Json = {"text": label or {"en": excerpt(_value_node(choice)) or str(number)}}
    if not label:
        report.add(choice.source, "choice_without_name", "The choice has no name; its value is it.")
    image = choice.get("image").word()
    if image is not None and len(image) <= 2_000 and re.fullmatch(r"[^\s\0\ud800-\udfff]+", image):
        option["image"] = image
    elif choice.get("image").value is not None:
        report.add(choice.get("image").source, "not_carried", "image: not an address")
    leftovers(choice, _CHOICE_FIELDS, report)
    option["value"] = number
    return option


def _range(kind: str, worths: dict[int, float | str]) -> Range | None:
    """Return what the options can be worth; None when one of them is no number for a score."""
    numbers: list[Fraction] = []
    for worth in worths.values():
        if isinstance(worth, str) or abs(worth) > SCORE_LIMIT or round(worth, 2) != worth:
            return None
        numbers.append(Fraction(str(worth)))
    if not numbers:
        return None
    if kind == "multi_select":
        low = sum((number for number in numbers if number < 0), Fraction(0)) or min(numbers)
        high = sum((number for number in numbers if number > 0), Fraction(0)) or max(numbers)
        return Range(low, high)
    return Range(min(numbers), max(numbers))
