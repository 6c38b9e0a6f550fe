"""Rules on the Python around the SQL: few doors to the database, and stubs only under `@sql`."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from sqlcheck.finding import Finding
from sqlcheck.source import called

_MAY_BE_EMPTY = frozenset(["sql", "overload", "abstractmethod"])
Function = ast.FunctionDef | ast.AsyncFunctionDef
Doors = Mapping[str, Sequence[str]]
"""For each driver package: the files that may import it, as patterns."""


def scan(paths: Iterable[Path], doors: Doors) -> Iterator[Finding]:
    """Look through every Python file below some paths."""
    for path in paths:
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            yield from scan_text(file.read_text(encoding="utf-8"), file.as_posix(), doors)


def scan_text(text: str, file: str, doors: Doors) -> Iterator[Finding]:
    """Look through one file."""
    tree = ast.parse(text)
    in_protocols = {
        member
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(called, node.bases)
        for member in node.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imports(node, file, doors)
        elif isinstance(node, Function) and node not in in_protocols:
            yield from _empty(node, file)


def _imports(node: ast.Import | ast.ImportFrom, file: str, doors: Doors) -> Iterator[Finding]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [node.module or ""] if node.level == 0 else []
    for name in names:
        package = name.split(".")[0]
        allowed = doors.get(package)
        if allowed is not None and not any(fnmatch(file, pattern) for pattern in allowed):
            where = ", ".join(allowed) or "no file"
            told, hint = f"imports {name}", f"{where} may import {package}"
            yield Finding(file, node.lineno, node.col_offset + 1, "door", told, hint)


def _empty(node: Function, file: str) -> Iterator[Finding]:
    """What mypy's empty-body error would say, except under `@sql`; and any body of `...`."""
    if _MAY_BE_EMPTY & set(map(called, node.decorator_list)):
        return
    constants = [
        line.value
        for line in node.body
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    ]
    if len(constants) < len(node.body):
        return
    returns_none = node.returns is None or (
        isinstance(node.returns, ast.Constant) and node.returns.value is None
    )
    is_stub = any(constant.value is Ellipsis for constant in constants)
    if is_stub or not returns_none:
        hint = "write its body, or put @sql above it"
        told = f"{node.name} has no body"
        yield Finding(file, node.lineno, node.col_offset + 1, "empty-body", told, hint)
