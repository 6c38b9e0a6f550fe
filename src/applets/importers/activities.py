"""One activity of a source: its items in order, when they show, and its scores."""

import posixpath
import re
from dataclasses import dataclass, field

from src.applets.importers import fields, logic, sums
from src.applets.importers.expressions import Effort, Unreadable, is_unusual
from src.applets.importers.fields import Mapped, excerpt, leftovers
from src.applets.importers.library import Library, kind_of
from src.applets.importers.nodes import Node, clean, in_line, one_line, short, texts
from src.applets.importers.report import Report

ITEMS = 2_000
SCORES = 200
NAME_LENGTH = 100

Json = dict[str, object]

_FIELDS = {
    "preflabel",
    "description",
    "preamble",
    "citation",
    "ui",
    "order",
    "addproperties",
    "variablemap",
    "visibility",
    "compute",
    "scoringlogic",
}
_UI_FIELDS = {"order", "addproperties", "shuffle", "allow", "inputtype", "visibility"}
_OF_ANSWERS = {"ui", "responseoptions"}
_PROPERTY_FIELDS = {"isabout", "variablename", "isvis", "valuerequired"}
_ASSIGNED = re.compile(r"(?<![=!<>])=(?!=)")


class Names:
    """Names given out so far; a second one of the same gets a number."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str, join: str = " ") -> str:
        number, unique = 1, name
        while unique.casefold() in self._taken:
            number += 1
            ending = f"{join}{number}"
            unique = name[: NAME_LENGTH - len(ending)] + ending
        self._taken.add(unique.casefold())
        return unique


@dataclass(slots=True)
class Context:
    """What the activities of an upload have in common."""

    library: Library
    report: Report
    names: Names = field(default_factory=Names)
    asked: set[str] = field(default_factory=set)
    """The documents whose items are in some order."""
    unlisted: list[Node] = field(default_factory=list)
    """What activities add to items that are not in their own order."""
    effort: Effort = field(default_factory=Effort)


@dataclass(slots=True)
class _Build:
    """An activity under construction. Variables are what expressions call items."""

    node: Node
    context: Context
    library: Library
    report: Report
    names: Names = field(default_factory=Names)
    items: list[Json] = field(default_factory=list)
    nested: list[Node] = field(default_factory=list)
    formulas: dict[str, Node] = field(default_factory=dict)
    mapped: dict[str, Mapped] = field(default_factory=dict)
    sources: dict[str, logic.Source] = field(default_factory=dict)
    unusual: list[str] = field(default_factory=list)
    """Variables whose names are none in JavaScript."""


def activity(node: Node, context: Context) -> tuple[Json | None, list[Node]]:
    """Return the activity, and the activities that its order names, which come after it.

    An activity that only names others is left out.
    """
    build = _Build(node, context, context.library, context.report)
    build.formulas = _formulas(node)
    properties = _properties(node)
    order = node.get("ui").get("order").entries() or node.get("order").entries()
    if not order:
        order = [entry.get("isAbout") for entry in properties]
    _preamble(build)
    by_name, by_document = _index(properties, context.library)
    listed: set[tuple[str | int, ...]] = set()
    for entry in order:
        target = context.library.resolve(entry)
        found = by_name.get(entry.word() or "")
        if found is None and target is not None and not target.way:
            found = by_document.get(target.document)
        if found is not None:
            listed.add(found.way)
        _entry(build, entry, target, found)
    _unlisted(build, [one for one in properties if one.way not in listed])
    scores = _scores(build)
    _report_rest(node, context.report)
    if not build.items and build.nested:
        context.report.add(node.source, "activity_without_items", "It only names other activities.")
        return None, build.nested
    return _finished(build, scores), build.nested


def _finished(build: _Build, scores: list[Json]) -> Json:
    labels = texts(build.node.get("prefLabel", "altLabel"), build.report)
    fallback = short(posixpath.basename(build.node.document)) or "Activity"
    title = one_line(labels, fallback)
    name = clean(title, build.node.get("prefLabel"), build.report, limit=NAME_LENGTH).strip()
    if len(labels) > 1:
        build.report.add(
            build.node.get("prefLabel").source,
            "name_in_one_language",
            f"A name has no languages; left out: {excerpt(build.node.get('prefLabel'))}",
        )
    built: Json = {"name": build.context.names.free(name or "Activity")}
    description = texts(build.node.get("description"), build.report)
    if description:
        built["description"] = description
    built["items"] = build.items
    built["scores_and_reports"] = {"scores": scores}
    return built


def _formulas(node: Node) -> dict[str, Node]:
    """Return the expression of each computed variable."""
    found: dict[str, Node] = {}
    for entry in node.get("compute").entries():
        name = entry.get("variableName").word()
        if name:
            found.setdefault(name, entry.get("jsExpression"))
    for name, expression in node.get("scoringLogic").fields():
        found.setdefault(name, expression)
    return found


def _properties(node: Node) -> list[Node]:
    return (
        node.get("ui").get("addProperties").entries()
        or node.get("addProperties").entries()
        or node.get("variableMap").entries()
    )


def _index(properties: list[Node], library: Library) -> tuple[dict[str, Node], dict[str, Node]]:
    """Return what the activity adds to items, by how it names them and by their documents."""
    by_name: dict[str, Node] = {}
    by_document: dict[str, Node] = {}
    for one in properties:
        about = one.get("isAbout")
        by_name.setdefault(about.word() or "", one)
        target = library.resolve(about)
        if target is not None and not target.way:
            by_document.setdefault(target.document, one)
    by_name.pop("", None)
    return by_name, by_document


def _preamble(build: _Build) -> None:
    said = texts(build.node.get("preamble"), build.report)
    if said:
        name = build.names.free("preamble", "_")
        build.items.append({"name": name, "type": "message", "question": said})


def _variable(entry: Node, target: Node, one: Node | None) -> str:
    """Return what expressions call the item."""
    given = one.get("variableName").word() if one is not None else None
    own = target.get("id").word()
    path = entry.word() or target.document
    return given or short(own or "") or short(posixpath.basename(path)) or "item"


def _entry(build: _Build, entry: Node, target: Node | None, one: Node | None) -> None:
    """Carry over one entry of the order."""
    report = build.report
    if target is None or not isinstance(target.value, dict):
        report.add(entry.source, "item_not_found", f"{excerpt(entry)} is not in the upload.")
        return
    if kind_of(target) in {"activity", "protocol"}:
        report.add(entry.source, "activity_separated", "It became an activity of its own.")
        build.nested.append(target)
        return
    variable = _variable(entry, target, one)
    build.context.asked.add(target.document)
    if variable in build.formulas:
        leftovers(target, _OF_ANSWERS, report)
        return
    if _is_read_only(target):
        report.add(
            target.source, "read_only_left_out", "Nothing computes it, and nobody may answer it."
        )
        leftovers(target, _OF_ANSWERS, report)
        return
    if variable in build.mapped:
        report.add(entry.source, "variable_repeated", f"{variable[:100]} stands here twice.")
    if len(build.items) >= ITEMS:
        report.add(entry.source, "item_left_out", f"Only {ITEMS} items are carried over.")
        return
    _add(build, target, variable, one)


def _is_read_only(target: Node) -> bool:
    kind = short(target.get("ui").get("inputType").word() or "static").lower()
    return target.get("ui").get("readonlyValue").flag() is True and kind != "static"


def _add(build: _Build, target: Node, variable: str, one: Node | None) -> None:
    report = build.report
    tidy = re.sub(r"[^A-Za-z0-9_]", "_", variable)[:NAME_LENGTH]
    name = build.names.free(tidy, "_")
    if name != variable:
        report.add(target.source, "name_changed", f"{variable[:200]} is called {name} here.")
    found = fields.mapped(target, name, build.library, report)
    item = found.item
    extra = one if one is not None else Node(None, target.document, target.way)
    if item["type"] != "message":
        needed = extra.get("valueRequired")
        if needed.value is not None and needed.flag() is None:
            report.add(needed.source, "not_carried", f"valueRequired: {excerpt(needed)}")
        config = item.setdefault("config", {})
        if isinstance(config, dict):
            config["skippable"] = needed.flag() is not True
    visible = extra.get("isVis")
    if visible.value is None:
        visible = _visibility(build.node, variable)
    _show(build, item, visible)
    leftovers(extra, _PROPERTY_FIELDS, report)
    build.items.append(item)
    if is_unusual(variable) and variable not in build.mapped:
        build.unusual.append(variable)
    build.mapped.setdefault(variable, found)
    if item.get("is_hidden") is not True:
        source = logic.Source(name, str(item["type"]), found.worths)
        build.sources.setdefault(variable, source)


def _visibility(node: Node, variable: str) -> Node:
    """Return when an item shows, as older documents say it: in one object for all items."""
    for place in (node.get("visibility"), node.get("ui").get("visibility")):
        for name, value in place.fields():
            if name == variable:
                return value
    return Node(None, node.document)


def _show(build: _Build, item: Json, visible: Node) -> None:
    """Set when the item shows; where that cannot be said, it always does, and is reported."""
    flag = visible.flag()
    if visible.value is None or flag is True:
        return
    if flag is False:
        item["is_hidden"] = True
        return
    text = visible.word()
    try:
        if text is None:
            raise Unreadable("it is no expression")
        item["condition"] = logic.condition(
            text, logic.Known(build.sources, build.unusual, build.context.effort)
        )
    except Unreadable as reason:
        build.report.add(
            visible.source,
            "condition_not_carried",
            f"The item always shows, because {reason}: {excerpt(visible)}",
        )
        return
    if _ASSIGNED.search(text):
        build.report.add(visible.source, "condition_read", "A single `=` was read as `==`.")


def _unlisted(build: _Build, properties: list[Node]) -> None:
    """Sort out the items that the activity knows and does not show: computed ones are scores."""
    for one in properties:
        target = build.library.resolve(one.get("isAbout"))
        if (one.get("variableName").word() or "") not in build.formulas:
            build.context.unlisted.append(one)
        elif target is not None:
            leftovers(target, _OF_ANSWERS, build.report)


def report_unlisted(context: Context) -> None:
    """Report the items that are known to some activity and in no order at all."""
    for one in context.unlisted:
        target = context.library.resolve(one.get("isAbout"))
        if target is None or target.document not in context.asked:
            context.report.add(
                one.source,
                "item_not_in_order",
                f"{excerpt(one.get('isAbout'))} is not in the order, so it is not asked.",
            )
            if target is not None and kind_of(target) == "item":
                leftovers(target, _OF_ANSWERS, context.report)


def _scores(build: _Build) -> list[Json]:
    ranges = {
        variable: found.range for variable, found in build.mapped.items() if found.range is not None
    }
    known = sums.Known(
        ranges,
        {name: node.word() or "" for name, node in build.formulas.items()},
        [*build.unusual, *(name for name in build.formulas if is_unusual(name))],
        build.context.effort,
    )
    names = Names()
    scores: list[Json] = []
    for name, node in build.formulas.items():
        try:
            if len(scores) >= SCORES:
                raise Unreadable(f"there are more than {SCORES} scores")
            calculation, listed = sums.score(name, known)
        except Unreadable as reason:
            build.report.add(
                node.source,
                "score_not_carried",
                f"{name[:100]} is no score of ours, because {reason}: {excerpt(node)}",
            )
            continue
        tidy = in_line(clean(name, node, build.report, limit=NAME_LENGTH)) or "score"
        scores.append(
            {
                "name": names.free(tidy),
                "calculation": calculation,
                "items": [_counted(build.mapped[item], turned) for item, turned in listed],
            }
        )
    return scores


def _counted(found: Mapped, turned: bool) -> object:
    """Give the item its scores, and return how a score lists it."""
    item = found.item
    _give_scores(item, found)
    name = str(item["name"])
    return {"item": name, "reverse": True} if turned else name


def _give_scores(item: Json, found: Mapped) -> None:
    values, config = item.get("values"), item.get("config")
    if item["type"] == "number_select" or not isinstance(values, dict):
        return
    if not isinstance(config, dict):
        return
    config["add_scores"] = True
    if item["type"] == "slider":
        values["scores"] = list(range(values["min_value"], values["max_value"] + 1))
        return
    for option in values["options"]:
        option["score"] = found.worths[option["value"]]


def _report_rest(node: Node, report: Report) -> None:
    """Report what is left of the activity's own document."""
    leftovers(node, _FIELDS, report)
    ui = node.get("ui")
    leftovers(ui, _UI_FIELDS, report)
    if ui.get("shuffle").flag() is True:
        report.add(ui.get("shuffle").source, "not_carried", "shuffle: items keep their order.")
    for entry in ui.get("allow").entries():
        if "skip" not in (entry.word() or "").lower():
            report.add(entry.source, "not_carried", f"allow: {excerpt(entry)}")
