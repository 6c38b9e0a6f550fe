"""ReproSchema questionnaires as drafts.

`read` takes one JSON(-LD) document or a zip of a folder of them, of release 1.0.0 or older. What
has a counterpart is carried over in all its languages; everything else is in the report. Data
about the files themselves (context, id, schema version) is no part of a questionnaire.

A score of ours is over answered items, where the source's expression knows no missing answers; a
condition of ours never matches an unanswered item.
"""

import posixpath
import re

from src.applets.importers import archive
from src.applets.importers.activities import Context, activity, report_unlisted
from src.applets.importers.fields import excerpt, leftovers
from src.applets.importers.library import Library, kind_of
from src.applets.importers.nodes import Node, Texts, clean, fitted, in_line, one_line, texts
from src.applets.importers.report import Entry, Imported, Report
from src.applets.items.texts import TEXT_LENGTH

__all__ = ["Entry", "Imported", "Report", "read"]

ACTIVITIES = 200
NAME_LENGTH = 100

Json = dict[str, object]

_PROTOCOL_FIELDS = {"preflabel", "description", "ui", "citation", "order", "addproperties"}


def read(data: bytes, *, filename: str | None = None) -> Imported:
    """Return the draft that an upload describes, and what it could not carry over.

    Raises `Invalid` when the upload cannot be opened or holds no ReproSchema document.
    """
    report = Report()
    library = Library(archive.documents(data, report), report)
    protocol, roots = _roots(library, filename, report)
    context = Context(library, report)
    built: list[Json] = []
    cited = [] if protocol is None else [protocol]
    waiting = list(reversed(roots))
    seen: set[tuple[str, tuple[str | int, ...]]] = set()
    while waiting:
        node = waiting.pop()
        if (node.document, node.way) in seen:
            continue
        seen.add((node.document, node.way))
        library.used.add(node.document)
        if len(built) >= ACTIVITIES:
            report.add(node.source, "activity_left_out", f"Only {ACTIVITIES} are carried over.")
            continue
        found, nested = activity(node, context)
        waiting += reversed(nested)
        cited.append(node)
        if found is not None:
            built.append(found)
    report_unlisted(context)
    _report_unused(library, report)
    return Imported(_applet(protocol, cited, built, filename, library, report), report)


def _roots(
    library: Library, filename: str | None, report: Report
) -> tuple[Node | None, list[Node]]:
    """Return the protocol, if there is one, and the activities to begin with, in order."""
    protocols = library.nodes("protocol")
    activities = sorted(library.nodes("activity"), key=lambda node: _natural(node.document))
    roots: list[Node] = []
    for entry in _order(protocols[0]) if protocols else []:
        target = library.resolve(entry)
        if target is None or kind_of(target) != "activity":
            report.add(
                entry.source, "activity_not_found", f"{excerpt(entry)} is not in the upload."
            )
        else:
            roots.append(target)
    if protocols:
        _report_protocols(protocols, report)
        library.used.add(protocols[0].document)
    named = {
        target.document
        for node in activities
        for entry in _order(node)
        if (target := library.resolve(entry)) is not None and target.document != node.document
    }
    library.used.clear()
    roots += [node for node in activities if node.document not in named] or activities
    if not roots and library.nodes("item"):
        roots = [_of_items(library, filename, report)]
    if not roots:
        raise archive.refuse(
            "not_reproschema", "The upload holds no activity and no item of ReproSchema."
        )
    if protocols:
        library.used.add(protocols[0].document)
    return (protocols[0] if protocols else None), roots


def _order(node: Node) -> list[Node]:
    return node.get("ui").get("order").entries() or node.get("order").entries()


def _report_protocols(protocols: list[Node], report: Report) -> None:
    for other in protocols[1:]:
        report.add(other.source, "protocol_left_out", "An applet has one protocol.")
    leftovers(protocols[0], _PROTOCOL_FIELDS, report)
    for entry in protocols[0].get("ui").get("addProperties").entries():
        visible = entry.get("isVis")
        if visible.value is not None and visible.flag() is not True:
            report.add(
                visible.source,
                "condition_not_carried",
                f"An activity has no condition: {excerpt(visible)}",
            )


def _of_items(library: Library, filename: str | None, report: Report) -> Node:
    """Return an activity made of all the items of an upload that has no activity."""
    paths = sorted((node.document for node in library.nodes("item")), key=_natural)
    report.add("", "activity_made_of_items", "The upload has items alone; they became an activity.")
    if paths == [""]:
        order: list[object] = [library.nodes("item")[0].value]
    else:
        order = list(paths)
    label = _outer_name(filename, library, report) or "Items"
    return Node({"prefLabel": label, "ui": {"order": order}}, "")


def _natural(path: str) -> list[tuple[int, str]]:
    """Sort `q10` after `q2`."""
    return [
        (int(part), "") if part.isascii() and part.isdigit() and len(part) < 10 else (-1, part)
        for part in re.split(r"([0-9]+)", path)
    ]


def _report_unused(library: Library, report: Report) -> None:
    for path in library.paths():
        if path not in library.used:
            report.add(path, "document_not_used", "Nothing that was carried over refers to it.")


def _applet(
    protocol: Node | None,
    cited: list[Node],
    built: list[Json],
    filename: str | None,
    library: Library,
    report: Report,
) -> Json:
    applet: Json = {"name": _name(protocol, built, filename, library, report)}
    if protocol is not None:
        description = texts(protocol.get("description"), report)
        if description:
            applet["description"] = description
    about = _citations(cited, report)
    if about:
        applet["about"] = about
    applet["activities"] = built
    return applet


def _name(
    protocol: Node | None,
    built: list[Json],
    filename: str | None,
    library: Library,
    report: Report,
) -> str:
    """Return the protocol's name, that of the only activity, of the folder or of the file."""
    if protocol is not None:
        label = one_line(texts(protocol.get("prefLabel"), report), "")
        if label:
            return clean(label, protocol.get("prefLabel"), report, limit=NAME_LENGTH).strip()
    if len(built) == 1:
        return str(built[0]["name"])
    return _outer_name(filename, library, report) or "Imported questionnaire"


def _outer_name(filename: str | None, library: Library, report: Report) -> str:
    """Return the name of the folder or of the file, if there is one."""
    folders = {path.split("/")[0] if "/" in path else "" for path in library.paths()}
    stem = posixpath.basename((filename or "").replace("\\", "/")).split(".")[0]
    for name in (folders.pop() if len(folders) == 1 else "", stem):
        tidy = clean(in_line(name), Node(None, ""), report, limit=NAME_LENGTH).strip()
        if tidy:
            return tidy
    return ""


def _citations(nodes: list[Node], report: Report) -> Texts:
    """Gather what the documents cite, as the applet's `about`."""
    found: Texts = {}
    for node in nodes:
        for language, text in texts(node.get("citation"), report).items():
            if text in found.get(language, ""):
                continue
            joined = f"{found[language]}\n\n{text}" if language in found else text
            tidy = clean(joined, node.get("citation"), report, limit=TEXT_LENGTH)
            found[language] = fitted(tidy, TEXT_LENGTH)
    return found
