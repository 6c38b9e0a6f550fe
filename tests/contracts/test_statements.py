"""Every statement is proved on the migrated schema, one test a statement."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlcheck import Session, StatementLike, check_one, open_session
from sqlcheck.config import import_modules, read_config
from sqlcheck.scan import scan
from src.database import statements
from tests import database

CONFIG = read_config(database.ROOT / "pyproject.toml")
import_modules(CONFIG.modules)

# Tests have statements of their own.
OURS = sorted(
    (statement for statement in statements if statement.name.startswith("src.")),
    key=lambda statement: statement.name,
)


@pytest.fixture(scope="session")
def session(server: database.Server, worker_id: str) -> Iterator[Session]:
    with (
        database.clone(server, f"{worker_id}_statements") as url,
        open_session(url, CONFIG.options) as session,
    ):
        yield session


@pytest.mark.parametrize("statement", OURS, ids=lambda statement: statement.name)
def test_a_statement_is_what_its_stub_says(statement: StatementLike, session: Session) -> None:
    assert [str(finding) for finding in check_one(statement, session)] == []


def test_there_are_statements() -> None:
    assert len(OURS) > 30
    assert len({statement.name for statement in OURS}) == len(OURS)


def test_only_doors_import_drivers_and_only_stubs_are_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(database.ROOT)
    sources = [Path(source) for source in CONFIG.sources]

    assert all(source.is_dir() for source in sources)
    assert [str(finding) for finding in scan(sources, CONFIG.doors)] == []
