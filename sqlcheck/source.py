"""Where a statement stands in its file, so that a finding can point at the very word."""

import ast
import inspect
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlcheck.statement import StatementLike

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A stub and its decorator, as they stand in a file."""

    file: str
    line: int
    column: int
    node: Function | None
    literal: ast.expr | None
    """The text's expression under `@sql`."""
    prefix: tuple[int, int] | None
    """Line and column (from 1) of the text's first character, where it stands there verbatim."""

    def at(self, text: str, offset: int | None) -> tuple[int, int]:
        """Line and column of a place in the statement's text."""
        if offset is None:
            return self.line, self.column
        if self.prefix is None:
            where = self.literal
            return (where.lineno, where.col_offset + 1) if where else (self.line, self.column)
        before = text[:offset]
        lines = before.count("\n")
        if lines:
            return self.prefix[0] + lines, len(before) - before.rindex("\n")
        return self.prefix[0], self.prefix[1] + offset


@lru_cache(maxsize=1024)
def _read(file: str, modified: int) -> tuple[tuple[str, ...], dict[int, Function]]:
    """The lines of a file, and its functions by the line they begin on."""
    text = Path(file).read_text(encoding="utf-8")
    functions = {
        (node.decorator_list[0].lineno if node.decorator_list else node.lineno): node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return tuple(text.split("\n")), functions


def find_source(statement: StatementLike) -> Source:
    """Find the stub's definition; a stub made by a program has only a name."""
    stub = inspect.unwrap(statement.stub)
    code = getattr(stub, "__code__", None)
    path = Path(code.co_filename) if code else Path(statement.name)
    if code is None or not path.is_file():
        return Source(str(path), 1, 1, None, None, None)
    lines, functions = _read(str(path), path.stat().st_mtime_ns)
    node = functions.get(code.co_firstlineno)
    file = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    if node is None or node.name != code.co_name:
        return Source(file, code.co_firstlineno, 1, None, None, None)
    literal = _literal(node)
    prefix = _prefix(lines, literal, statement.text) if literal else None
    return Source(file, node.lineno, node.col_offset + 1, node, literal, prefix)


def called(node: ast.expr) -> str:
    """The last part of the name of what is called, subscripted or named."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: Function) -> ast.expr | None:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and called(decorator) == "sql" and decorator.args:
            return decorator.args[0]
    return None


def _prefix(lines: tuple[str, ...], literal: ast.expr, text: str) -> tuple[int, int] | None:
    line = lines[literal.lineno - 1]
    start = len(line.encode()[: literal.col_offset].decode(errors="ignore"))
    opening = line[start:].lstrip("rRuU")
    start = len(line) - len(opening)
    for quotes in ('"""', "'''", '"', "'"):
        if opening.startswith(quotes):
            first = text.split("\n", 1)[0]
            begins = start + len(quotes)
            return (literal.lineno, begins + 1) if line[begins:].startswith(first) else None
    return None


def is_plain(literal: ast.expr | None) -> bool:
    """Whether the text is one plain string."""
    return isinstance(literal, ast.Constant) and isinstance(literal.value, str)


def is_empty(node: Function) -> bool:
    """Whether a function does nothing: a docstring, `...`, or both."""
    return all(
        isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in node.body
    )
