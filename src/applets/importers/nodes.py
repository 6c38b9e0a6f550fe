"""A JSON-LD node that knows its place, whatever dialect of ReproSchema its keys are written in."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from src.applets.importers.report import Report
from src.applets.items import pointer, sanitise
from src.applets.items.texts import LANGUAGES, TEXT_LENGTH

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")

Texts = dict[str, str]


def short(key: str) -> str:
    """Return a key or a name without its prefix: `skos:prefLabel`, `@id`, a full address."""
    return re.split(r"[/#:]", key)[-1].lstrip("@")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it was found: the document, and the way into it."""

    value: object
    document: str
    way: tuple[str | int, ...] = ()

    @property
    def source(self) -> str:
        return f"{self.document}#{pointer(self.way)}"

    def get(self, *names: str) -> "Node":
        """Return the field of the first name that is there, in any dialect; else an empty node."""
        if isinstance(self.value, dict):
            for name in names:
                for key, value in self.value.items():
                    if value is not None and short(str(key)).lower() == name.lower():
                        return Node(value, self.document, (*self.way, str(key)))
        return Node(None, self.document, (*self.way, names[0]))

    def fields(self) -> Iterator[tuple[str, "Node"]]:
        """Return each field under its name without prefix."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield short(str(key)), Node(value, self.document, (*self.way, str(key)))

    def entries(self) -> list["Node"]:
        """Return the entries of a list, of a JSON-LD `@list` or `@set`, or the value alone."""
        value, way = self.value, self.way
        if isinstance(value, dict):
            for key in ("@list", "@set", "list"):
                if isinstance(value.get(key), list):
                    value, way = value[key], (*way, key)
                    break
        if isinstance(value, list):
            return [Node(entry, self.document, (*way, index)) for index, entry in enumerate(value)]
        return [] if value is None else [self]

    def scalar(self) -> str | float | int | bool | None:
        """Return a plain value, also out of `{"@value": ...}`, `{"@id": ...}` or a list of one."""
        value = self.value
        for _ in range(4):
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            elif isinstance(value, dict):
                inner = Node(value, self.document)
                value = inner.get("value", "id").value
            else:
                break
        return value if isinstance(value, str | float | int) else None

    def word(self) -> str | None:
        value = self.scalar()
        return value if isinstance(value, str) else None

    def number(self) -> float | int | None:
        """Return a finite number, also one written as a string."""
        value = self.scalar()
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,15}(\.\d{1,6})?\s*", value, re.A):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if abs(value) > 1e15 or not math.isfinite(value):
            return None
        return int(value) if value == int(value) else value

    def flag(self) -> bool | None:
        """Return a truth value, also one written as a string."""
        value = self.scalar()
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.strip().lower())
        return value if isinstance(value, bool) else None


def clean(text: str, node: Node, report: Report, *, limit: int) -> str:
    """Return a text that can be stored; what that took is reported."""
    if _UNSTORABLE.search(text):
        text = _UNSTORABLE.sub("\ufffd", text)
        report.add(node.source, "text_changed", "Characters that cannot be stored were replaced.")
    if len(text) > limit:
        report.add(
            node.source,
            "text_shortened",
            f"The text was cut after {limit} of {len(text)} characters.",
        )
        text = text[:limit]
    return text


def fitted(text: str, limit: int) -> str:
    """Return a text that keeps to its limit when its markup is mended; else without markup."""
    text = text[:limit]
    return text if len(sanitise(text)) <= limit else re.sub(r"<[^<>]*>?", "", text)


def texts(node: Node, report: Report, *, limit: int = TEXT_LENGTH) -> Texts:
    """Return a text by language, however it is written; empty ones are left out."""
    found: Texts = {}
    for language, piece in _pieces(node):
        text = clean(_written(piece.value), piece, report, limit=limit).strip()
        if not text:
            continue
        key = language.replace("_", "-")
        if not _LANGUAGE.fullmatch(key) or len(key) > 35:
            report.add(
                piece.source,
                "language_unknown",
                f"No such language: {language[:50]!r}; read as `und`.",
            )
            key = "und"
        if len(found) >= LANGUAGES:
            report.add(piece.source, "text_left_out", "There are too many languages.")
        elif key in found and found[key] != text:
            found[key] = clean(f"{found[key]}\n\n{text}", piece, report, limit=limit)
        else:
            found[key] = text
            if sanitise(text) != text:
                report.add(
                    piece.source, "markup_changed", "Markup that is not allowed here was taken out."
                )
    return {
        language: tidy for language, text in found.items() if (tidy := fitted(text, limit).strip())
    }


def _pieces(node: Node) -> Iterator[tuple[str, Node]]:
    """Walk over a text: a string, a map of languages, or JSON-LD values with a language each."""
    for entry in node.entries():
        if not isinstance(entry.value, dict):
            yield "en", entry
        elif any(short(str(key)) in {"value", "language"} for key in entry.value):
            yield entry.get("language").word() or "en", entry.get("value")
        else:
            for key, value in entry.value.items():
                yield str(key), Node(value, entry.document, (*entry.way, str(key)))


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value) if abs(value) < 1e15 else ""


def one_line(found: Texts, fallback: str) -> str:
    """Return the text in English, or in the first language there is."""
    text = found.get("en") or next(iter(found.values()), "")
    return in_line(text) or fallback


def in_line(text: str) -> str:
    """Return the text as a name may be: one line, and nothing that no eye can see."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
