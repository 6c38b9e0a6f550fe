"""What an endpoint sends to PostgreSQL, read from PostgreSQL's own log of a few requests.

So the limit that `pgbench` shows is of the very statements, whatever the service makes of them.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.endpoints import Endpoint
from bench.load import TOKEN_MARK, UUID_MARK, fresh_uuid, next_token
from bench.postgres import Server
from bench.processes import BenchError

PROBES = 16
_FLUSHED = 0.5
"""Seconds after which the server has taken a setting, or written a line."""
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_MESSAGE = re.compile(r"(?:execute [^:]*|statement): (.*)", re.S)
_SESSION = re.compile(r"set_config\(|\bFROM pg_type\b|^\s*(SET|DEALLOCATE|DISCARD)\b")
"""Statements of a new session, which a request may happen to bring about."""


_SPARE = re.compile(r"(.*-)[0-9a-f]{8}")
"""A text that ends in digits that the service has made up, so that no two are the same."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as the server got it: `$1` and so on, and the values as text or None."""

    text: str
    values: dict[int, str | None]


@dataclass(frozen=True, slots=True)
class Probe:
    """One request: its statements in order, and the ids that were made for it alone."""

    statements: list[Sent]
    fresh: list[str] = field(default_factory=list)


def probes(endpoint: Endpoint, port: int, server: Server, database: str) -> list[Probe]:
    """What some different requests of an endpoint send. Raises BenchError if nothing is seen."""
    count = min(PROBES, len(endpoint.probe_tokens) or len(endpoint.requests))
    for number in range(count):
        _ask(endpoint, number, port)  # what is read once and kept has been read now
    start = server.statements.stat().st_size if server.statements.exists() else 0
    fresh: list[list[str]] = []
    with _logging(server), psycopg.connect(server.url_of(database), autocommit=True) as conn:
        for number in range(count):
            conn.execute(sql.SQL("SELECT {}").format(sql.Literal(_mark(number))))
            fresh.append(_ask(endpoint, number, port))
            time.sleep(0.02)
        conn.execute("SELECT 'bench probes end'")
    found = _read(server.statements, start, database, count)
    if not any(found):
        raise BenchError(f"{endpoint.name}: the log of the server has no statement")
    return [Probe(sent, ids) for sent, ids in zip(found, fresh, strict=True) if sent]


def literal(value: str | None, fresh: list[str], made: str) -> str:
    """A value as SQL. Where it holds an id made for one request, `made` is put in its place.

    So it is with digits that the service makes up at the end of a text. No colon is left in a text:
    pgbench would take what follows for a variable.
    """
    if value is None:
        return "NULL"
    text = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\072")
    held = [key for key in fresh if key in value]
    if not held and (spare := _SPARE.fullmatch(text)):
        return f"(E'{spare[1]}' || substr(md5(random()::text), 1, 20))"
    if not held:
        return f"E'{text}'"
    for number, key in enumerate(fresh):
        text = text.replace(key, f"' || {made.format(number=number)} || E'")
    return f"(E'{text}')::{_type(value)}"


def _type(value: str) -> str:
    if value[0] == "[" or value.startswith('{"'):
        return "jsonb"
    return "uuid[]" if value[0] == "{" else "uuid"


def as_sql(sent: Sent, fresh: list[str], made: str) -> str:
    """The statement with its values in it, without comments."""
    bare = "\n".join(line.partition("-- ")[0].rstrip() for line in sent.text.splitlines())

    def put(match: re.Match[str]) -> str:
        return literal(sent.values.get(int(match[1])), fresh, made)

    return re.sub(r"\$(\d+)", put, bare).strip().rstrip(";")


def _mark(number: int) -> str:
    return f"bench probe {number}"


def _ask(endpoint: Endpoint, number: int, port: int) -> list[str]:
    """Send one request and wait for its answer; returns the ids that were made for it."""
    text = endpoint.requests[number % len(endpoint.requests)]
    ids: list[str] = []
    while UUID_MARK in text:
        ids.append(fresh_uuid())
        text = text.replace(UUID_MARK, ids[-1], 1)
    if endpoint.probe_tokens:
        text = text.replace(TOKEN_MARK, endpoint.probe_tokens[number])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text.replace("\r\n", "\r\nConnection: close\r\n", 1).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if answer[9:12] != str(endpoint.expected).encode():
        raise BenchError(f"{endpoint.name}: {answer[:500]!r}")
    if endpoint.probe_tokens:
        endpoint.probe_tokens[number] = next_token(answer) or endpoint.probe_tokens[number]
    return ids


@contextmanager
def _logging(server: Server) -> Iterator[None]:
    """Let the server log every statement for the length of the block."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET log_statement = 'all'")
        conn.execute("SELECT pg_reload_conf()")
        time.sleep(_FLUSHED)
        try:
            yield
        finally:
            conn.execute("ALTER SYSTEM RESET log_statement")
            conn.execute("SELECT pg_reload_conf()")
            time.sleep(_FLUSHED)


def _read(path: Path, start: int, database: str, count: int) -> list[list[Sent]]:
    found: list[list[Sent]] = [[] for _ in range(count)]
    current = -1
    with path.open() as file:
        file.seek(start)
        for line in file:
            entry: dict[str, Any] = json.loads(line)
            match = _MESSAGE.match(entry.get("message", ""))
            if entry.get("dbname") != database or match is None:
                continue
            if "bench probe" in match[1]:
                marks = [n for n in range(count) if f"'{_mark(n)}'" in match[1]]
                current = marks[0] if marks else -1
            elif current >= 0 and _is_of_service(entry) and not _SESSION.search(match[1]):
                found[current].append(Sent(match[1], _values(entry.get("detail", ""))))
    return found


def _is_of_service(entry: dict[str, Any]) -> bool:
    return str(entry.get("application_name", "")).startswith("core-api")


def _values(detail: str) -> dict[int, str | None]:
    return {
        int(number): None if text == "NULL" else text[1:-1].replace("''", "'")
        for number, text in _PARAMETER.findall(detail)
    }
