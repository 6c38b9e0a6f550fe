"""PostgreSQL for a test run: the one given, one in a container, or our own.

One that is given (`TEST_DATABASE_URL`) may have a migrated database to make clones of already
(`TEST_DATABASE_TEMPLATE`).

`python -m tests.database ADDRESS DESCRIPTOR` is the process that keeps it. The run starts it, the
first test that needs a database makes it start a server and migrate a template, and it ends, taking
all that along, when its standard input closes: however the run ends.
"""

import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from src import embedded
from src.database import bootstrap

ROOT = Path(__file__).parent.parent
_ASK_SECONDS = 180.0


@dataclass(frozen=True)
class Server:
    """A server and the migrated database on it that clones are made of. Nobody connects to it."""

    url: str
    prefix: str
    template: str

    def url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()


class Keeper:
    """The process that keeps the server of a run."""

    def __init__(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="core-api-tests-")
        self.address = str(Path(self._directory) / "ask")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            # A session of its own: Ctrl-C is for the run, whose end is what ends this process.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.database", self.address, str(listener.fileno())],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(60)


def ask(address: str) -> Server:
    """The server of the run; the first to ask waits until it stands."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ASK_SECONDS)
        client.connect(address)
        answer = client.makefile().readline()
    said = json.loads(answer or '{"error": "the keeper of the test database has ended"}')
    if "error" in said:
        raise RuntimeError(f"no PostgreSQL for the tests: {said['error']}")
    return Server(**said)


@contextmanager
def clone(server: Server, name: str, *, template: str | None = None) -> Iterator[str]:
    """A database of one's own for the length of the block; yields its URL."""
    database = f"{server.prefix}_{name}"
    run(
        server.url,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(database), sql.Identifier(template or server.template)
        ),
    )
    try:
        yield server.url_of(database)
    finally:
        drop(server, database)


@contextmanager
def empty(server: Server, name: str) -> Iterator[str]:
    """A database without a schema, made as the service makes its own."""
    database = f"{server.prefix}_{name}"
    bootstrap.create_database(server.url, database)
    try:
        yield server.url_of(database)
    finally:
        drop(server, database)


def drop(server: Server, database: str) -> None:
    run(server.url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))


def run(url: str, *statements: LiteralString | sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)


def migrate(url: str, *arguments: str) -> str:
    """Run Alembic on the database; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *(arguments or ("upgrade", "head"))],
        cwd=ROOT,
        env={**os.environ, "DATABASE__URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


@contextmanager
def _server(directory: Path) -> Iterator[Server]:
    prefix = f"core_test_{secrets.token_hex(4)}"
    with ExitStack() as stack:
        if url := os.environ.get("TEST_DATABASE_URL"):
            pass
        elif os.environ.get("TEST_DATABASE") == "container":
            url = stack.enter_context(_container())
        else:
            url = stack.enter_context(embedded.server(directory / "postgres"))
            run(
                url,
                # Nothing here outlives the run, so nothing waits for a disk.
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "ALTER SYSTEM SET synchronous_commit = off",
                "ALTER SYSTEM SET autovacuum = off",
                "SELECT pg_reload_conf()",
            )
        given = os.environ.get("TEST_DATABASE_TEMPLATE")
        server = Server(url=url, prefix=prefix, template=given or f"{prefix}_template")
        stack.callback(_drop_all, server)
        if given is None:
            bootstrap.create_database(url, server.template)
            migrate(server.url_of(server.template))
        yield server


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415

    # This process clears up after the run; a second container need not watch over the first.
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer("postgres:18", driver=None) as container:
        yield container.get_connection_url()


def _drop_all(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as conn:
        rows = conn.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [server.prefix]
        )
        names = [name for (name,) in rows]
    for name in names:
        drop(server, name)


def _keep(address: str, descriptor: int) -> None:
    directory = Path(address).parent
    try:
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(fileno=descriptor))
            answer = ""
            while True:
                ready, _, _ = select.select([sys.stdin, listener], list[int](), list[int]())
                if sys.stdin in ready:
                    return
                client, _ = listener.accept()
                with client:
                    if not answer:
                        try:
                            server = stack.enter_context(_server(directory))
                            answer = json.dumps(asdict(server))
                        except Exception as exc:  # said to every test that asks
                            answer = json.dumps({"error": f"{type(exc).__name__}: {exc}"})
                    client.sendall(f"{answer}\n".encode())
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    _keep(sys.argv[1], int(sys.argv[2]))
