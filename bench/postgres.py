"""The PostgreSQL of the benchmark: embedded, durable, and kept with its data between runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

from bench.processes import BenchError
from src import embedded
from src.embedded import DataDirError

SETTINGS = {
    # For data that is larger than the default of 128 MB; all durability stays as it is.
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "effective_cache_size": "4GB",
    # Off but for one request of each endpoint, whose statements are read from here.
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_directory": "statements",
    "log_filename": "postgresql.log",
    "log_rotation_size": "0",
    "log_rotation_age": "0",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `directory` holds its data; `pid` is the postmaster's."""

    url: str
    directory: Path
    pid: int

    def url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    @property
    def socket(self) -> str:
        """The directory of its socket."""
        return parse_qs(urlsplit(self.url).query)["host"][0]

    @property
    def statements(self) -> Path:
        """Where it logs as JSON lines."""
        return self.directory / "statements" / "postgresql.json"


@contextmanager
def running(directory: Path) -> Iterator[Server]:
    """The server on this directory for the length of the block. Raises BenchError."""
    try:
        data = embedded.make_data_dir(directory) / "postgres"
        with embedded.server(data) as url:
            is_ready = _has_settings(url)
        with embedded.server(data) as url:
            if not is_ready and not _has_settings(url):
                raise BenchError("PostgreSQL did not take the settings of the benchmark")
            pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
            yield Server(url=url, directory=data, pid=pid)
    except DataDirError as exc:
        raise BenchError(str(exc)) from exc


def _has_settings(url: str) -> bool:
    """Whether the server runs with our settings; if not, it will after its next start."""
    with psycopg.connect(url, autocommit=True) as conn:
        cursor = conn.execute("SELECT name, current_setting(name) FROM pg_settings")
        found: dict[str, str] = dict(cursor.fetchall())
        wrong = {name: value for name, value in SETTINGS.items() if found[name] != value}
        for name, value in wrong.items():
            conn.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
    return not wrong


@contextmanager
def clone(server: Server, template: str, name: str) -> Iterator[str]:
    """A copy of a database for the length of the block, so that a run starts where all start."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        conn.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**names))
        conn.execute(
            sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy").format(**names)
        )
    try:
        yield server.url_of(name)
    finally:
        with psycopg.connect(server.url, autocommit=True) as conn:
            conn.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
