"""What the checker says, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong with a statement, before its place in the file is known."""

    code: str
    message: str
    help: str = ""
    offset: int | None = None
    """Where in the statement's text; None is the stub itself."""
    is_lint: bool = False
    about: str = ""
    """The name that `-- allow code(name)` can silence alone."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong, with its place."""

    file: str
    line: int
    column: int
    code: str
    message: str
    help: str = ""
    is_lint: bool = False

    @property
    def severity(self) -> str:
        return "warning" if self.is_lint else "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        text = f"{place}: {self.severity}[{self.code}] {self.message}"
        return f"{text}\n    help: {self.help}" if self.help else text

    def annotation(self) -> str:
        """The form that GitHub shows beside the line."""
        place = f"file={self.file},line={self.line},col={self.column},title={self.code}"
        message = f"{self.message}\n{self.help}" if self.help else self.message
        escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return f"::{self.severity} {place}::{escaped}"
