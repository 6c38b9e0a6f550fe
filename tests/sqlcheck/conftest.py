"""A server for the checker's own tests: one for each worker, started when first needed."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from sqlcheck.embedded import server
from sqlcheck.session import Options, Session, open_session

SCHEMA = Path(__file__).parent / "library.sql"
OPTIONS = Options(
    small_tables=frozenset(["branch"]),
    tenant_column="branch_id",
    tenant_comment="store",
    store_version=15,
    ordered=True,
)


@pytest.fixture(scope="session")
def empty_server() -> Iterator[str]:
    """The URL of a server without tables."""
    with server() as url:
        yield url


def created(url: str, name: str) -> str:
    """The URL of a new database on the same server."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}".encode())
    return url.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def library(empty_server: str) -> str:
    """The URL of a database with the library's schema."""
    url = created(empty_server, "library")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SCHEMA.read_bytes())
    return url


@pytest.fixture
def scratch(empty_server: str) -> str:
    """The URL of a database of the test's own, without tables."""
    return created(empty_server, f"scratch_{uuid4().hex}")


@pytest.fixture(scope="session")
def session(library: str) -> Iterator[Session]:
    """A session on the library, with its rules."""
    with open_session(library, OPTIONS) as opened:
        yield opened
