"""What an import could not carry over."""

from dataclasses import dataclass, field

ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was changed or left behind.

    `source` is the document in the upload and the JSON pointer into it: `items/q1#/ui/inputType`.
    """

    source: str
    code: str
    detail: str


@dataclass(slots=True)
class Report:
    """Everything that is in the source and not, or not as it was, in the draft."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, source: str, code: str, detail: str) -> None:
        if len(self.entries) > ENTRIES:
            return
        entry = Entry(_printable(source), code, _printable(detail))
        if len(self.entries) == ENTRIES:
            entry = Entry("", "report_shortened", f"More than {ENTRIES} things were left behind.")
        if entry not in self._known:
            self._known.add(entry)
            self.entries.append(entry)

    _known: set[Entry] = field(default_factory=set, repr=False, compare=False)


def _printable(text: str) -> str:
    """Replace what no answer of ours could carry."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Imported:
    """A draft, in the shape that `AppletDraft` takes, and what it lacks."""

    draft: dict[str, object]
    report: Report
