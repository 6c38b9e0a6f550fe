"""`python -m sqlcheck MODULE...`: check every statement; exit 1 on any error.

Without --dsn an embedded server is started and migrated. Settings come from [tool.sqlcheck] in
pyproject.toml; options win over them.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlcheck.check import everything, examine
from sqlcheck.config import Config, import_modules, read_config, registered
from sqlcheck.describing import describe, dump
from sqlcheck.diagram import diagram
from sqlcheck.embedded import migrate, server
from sqlcheck.finding import Finding
from sqlcheck.scan import scan
from sqlcheck.session import open_session
from sqlcheck.together import unused
from sqlcheck.watching import watching


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    given = _parser().parse_args(arguments)
    config = read_config(Path(given.config))
    sys.path.insert(0, str(Path.cwd()))
    with ExitStack() as stack:
        with ThreadPoolExecutor(1) as beside:  # while modules are imported
            starting = beside.submit(lambda: stack.enter_context(database(given, config)))
            if not (given.watch or given.describe or given.tree):
                import_modules(given.modules or config.modules)
            dsn = starting.result()
        if given.watch:
            watching(_again(given, dsn), config.sources or ["."])
            return 0
        if given.describe or given.tree:
            show = describe if given.describe else dump
            with open_session(dsn, config.options) as session:
                sys.stdout.write(f"{show(session, sys.stdin.read().strip())}\n")
            return 0
        return _check(given, config, dsn)


def _again(given: argparse.Namespace, dsn: str) -> list[str]:
    """The options of a run on the same database."""
    again = [*given.modules, "--dsn", dsn, "--config", given.config]
    again += ["--registry", given.registry] * bool(given.registry)
    return again + [f"--{name}" for name in ("github", "unused") if getattr(given, name)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sqlcheck", description=__doc__)
    add = parser.add_argument
    add("modules", nargs="*", metavar="MODULE", help="modules to import; `src.*` is all below")
    add("--registry", help="where statements collect, as module:name")
    add("--dsn", help="a migrated database; without it an embedded server is started")
    add("--migrate", help="the command that migrates the embedded server")
    add("--config", default="pyproject.toml", help="the file with [tool.sqlcheck]")
    add("--github", action="store_true", help="print annotations for GitHub")
    add("--describe", action="store_true", help="read a statement, print its row class and stub")
    add("--tree", action="store_true", help="read a statement, print it as PostgreSQL analysed it")
    add("--unused", action="store_true", help="list columns and indexes that no statement needs")
    add("--diagram", action="store_true", help="print a Mermaid diagram with readers and writers")
    add("--watch", action="store_true", help="check again whenever a file changes")
    return parser


@contextmanager
def database(given: argparse.Namespace, config: Config) -> Iterator[str]:
    """The database that was named, or a new one."""
    if given.dsn:
        yield given.dsn
        return
    with server() as url:
        command = given.migrate or config.migrate
        if command:
            migrate(command, url, config.url_variable)
        yield url


def _check(given: argparse.Namespace, config: Config, dsn: str) -> int:
    statements = registered(given.registry or config.registry)
    started = time.perf_counter()
    with open_session(dsn, config.options) as session:
        examined = [examine(each, session) for each in statements]
        found = everything(examined, session)
        if given.unused:
            _print(unused(examined, session.catalog))
        if given.diagram:
            _print([diagram(examined, session.catalog)])
    found += scan(map(Path, config.sources), config.doors)
    report(sorted(found), github=given.github)
    errors = sum(not finding.is_lint for finding in found)
    took = time.perf_counter() - started
    summary = f"{len(statements)} statements, {errors} errors, {len(found) - errors} warnings"
    sys.stderr.write(f"{summary} in {took:.2f} s\n")
    return min(errors, 1)


def report(found: Sequence[Finding], *, github: bool) -> None:
    """Print findings, one after the other."""
    _print(finding.annotation() if github else str(finding) for finding in found)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
