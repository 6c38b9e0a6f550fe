"""Checks again whenever a Python file changes, in a fresh process, against the same database."""

import subprocess
import sys
from collections.abc import Iterable, Sequence

from watchfiles import PythonFilter, watch


def watching(command: Sequence[str], paths: Iterable[str]) -> None:
    """Run the command now and after every change, until interrupted."""
    _run(command)
    for _ in watch(*paths, watch_filter=PythonFilter(), raise_interrupt=False):
        sys.stdout.write("\n")
        _run(command)


def _run(command: Sequence[str]) -> None:
    subprocess.run([sys.executable, "-m", "sqlcheck", *command], check=False)  # noqa: S603  ourselves
