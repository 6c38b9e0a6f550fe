"""The documents of an upload, found by what others call them."""

import posixpath
from urllib.parse import urlsplit

from src.applets.importers.archive import Documents
from src.applets.importers.nodes import Node, short
from src.applets.importers.report import Report

_CANDIDATES = 200
_KINDS = {
    "protocol": "protocol",
    "protocolschema": "protocol",
    "activity": "activity",
    "activityschema": "activity",
    "item": "item",
    "field": "item",
    "responseoption": "options",
    "responseoptions": "options",
    "valueconstraint": "options",
    "valueconstraints": "options",
}


def kind_of(node: Node) -> str | None:
    """Return `protocol`, `activity`, `item`, `options`, or None for anything else."""
    for field in ("category", "type"):
        for entry in node.get(field).entries():
            kind = _KINDS.get(short(entry.word() or "").lower())
            if kind is not None:
                return kind
    return None


class Library:
    """Documents by path, with an index of their names."""

    def __init__(self, documents: Documents, report: Report) -> None:
        self._documents = documents
        self._report = report
        self._by_name: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], str | None] = {}
        self.used: set[str] = set()
        for path in sorted(documents):
            self._by_name.setdefault(_bare(posixpath.basename(path)), []).append(path)

    def nodes(self, kind: str) -> list[Node]:
        """Return the documents of a kind, in the order of their paths."""
        found = [Node(document, path) for path, document in sorted(self._documents.items())]
        return [node for node in found if kind_of(node) == kind]

    def paths(self) -> list[str]:
        return sorted(self._documents)

    def resolve(self, reference: Node) -> Node | None:
        """Return what a reference means: the object that stands there, or a document."""
        if isinstance(reference.value, dict):
            keys = {short(str(key)) for key in reference.value}
            if "id" not in keys or not keys <= {"id", "type"}:
                return reference
        name = reference.word()
        if name is None:
            return None
        key = (posixpath.dirname(reference.document), name)
        if key not in self._found:
            self._found[key] = self._path(name, reference)
        path = self._found[key]
        if path is None:
            return None
        self.used.add(path)
        return Node(self._documents[path], path)

    def _path(self, name: str, reference: Node) -> str | None:
        folder = posixpath.dirname(reference.document)
        for spelled in (name, name.rsplit(":", 1)[-1]):
            path = posixpath.normpath(posixpath.join(folder, spelled))
            for ending in ("", ".jsonld", ".json"):
                if path + ending in self._documents:
                    return path + ending
        return self._similar(name, folder, reference)

    def _similar(self, name: str, folder: str, reference: Node) -> str | None:
        """Find the document that shares the end of an address, the longer the better.

        Less than three parts, folder and all, are enough only inside the folder of the document
        that refers to it, or where they are the whole path: elsewhere, the same name is likely to
        be something else.
        """
        try:
            parts = [part for part in urlsplit(name).path.split("/") if part not in {"", ".", ".."}]
        except ValueError:
            return None
        if not parts:
            return None
        best: tuple[int, str] | None = None
        for path in self._by_name.get(_bare(parts[-1]), [])[:_CANDIDATES]:
            shared = _shared_end(parts, path)
            near = path.startswith(f"{folder}/") or shared == path.count("/") + 1
            if (shared > 2 or near) and (best is None or shared > best[0]):
                best = (shared, path)
        if best is None:
            return None
        self._report.add(
            reference.source,
            "reference_by_name",
            f"{name[:200]} was taken to be {best[1]}, the document of the same name.",
        )
        return best[1]


def _bare(name: str) -> str:
    for ending in (".jsonld", ".json"):
        name = name.removesuffix(ending)
    return name


def _shared_end(parts: list[str], path: str) -> int:
    shared = 0
    for one, other in zip(reversed(parts), reversed(path.split("/")), strict=False):
        if _bare(one) != _bare(other):
            break
        shared += 1
    return shared
