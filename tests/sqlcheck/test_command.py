"""`python -m sqlcheck`."""

import io
from pathlib import Path

import pytest

from sqlcheck.__main__ import main
from sqlcheck.config import Config, read_config

_CONFIG = """
[tool.sqlcheck]
registry = "tests.sqlcheck.declare:statements"
modules = ["tests.sqlcheck.corpus.*"]
sources = []
small_tables = ["branch"]
tenant_column = "branch_id"
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "pyproject.toml"
    path.write_text(_CONFIG)
    return str(path)


def test_findings_are_printed_and_decide_the_exit_status(
    library: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--dsn", library, "--config", config])

    printed = capsys.readouterr()
    assert status == 1
    assert "error[null] Text.text is str, but can be NULL" in printed.out
    assert " statements, " in printed.err


def test_github_gets_annotations(
    library: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--dsn", library, "--config", config, "--github"])

    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)


def test_a_statement_is_described(
    library: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = "SELECT id, nickname, rank FROM reader WHERE id = %(reader_id)s"
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))

    assert main(["--dsn", library, "--config", config, "--describe"]) == 0

    assert (
        capsys.readouterr().out
        == '''@dataclass(slots=True)
class Row:
    id: UUID
    nickname: str | None
    rank: Literal['guest', 'reader', 'librarian', 'director']


@sql(
    """
    SELECT id, nickname, rank FROM reader WHERE id = %(reader_id)s
    """
)
async def name(conn: Connection, *, reader_id: UUID) -> Row | None: ...
'''
    )


def test_json_that_a_statement_builds_is_described(
    library: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = """
        SELECT coalesce(json_agg(shown ORDER BY shown.id), '[]') AS books, max(shown.id::text)
          FROM (SELECT book.id, book.price, book.subtitle,
                       (SELECT coalesce(json_agg(copy.state ORDER BY copy.id), '[]')
                          FROM copy
                         WHERE copy.book_id = book.id) AS states
                  FROM book) AS shown
    """
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))

    assert main(["--dsn", library, "--config", config, "--describe"]) == 0

    assert capsys.readouterr().out.startswith(
        """@dataclass(slots=True)
class Book:
    id: UUID
    price: float | None
    subtitle: str | None
    states: list[Literal['shelved', 'lent', 'lost', 'withdrawn']]


@dataclass(slots=True)
class Row:
    books: Json[list[Book]]
    max: str | None


"""
    )


def test_a_statement_that_cannot_be_described_is_refused(
    library: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT nam FROM reader"))

    main(["--dsn", library, "--config", config, "--describe"])

    assert capsys.readouterr().out.startswith('error: column "nam" does not exist')


def test_the_analysed_query_is_printed(
    library: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT id FROM reader OFFSET %(skipped)s"))

    assert main(["--dsn", library, "--config", config, "--tree"]) == 0

    assert "'limitOffset': {'_': 'PARAM'" in capsys.readouterr().out


def test_the_diagram_shows_tables_and_who_uses_them(
    library: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--dsn", library, "--config", config, "--diagram", "--unused"])

    printed = capsys.readouterr().out
    assert "erDiagram\n" in printed
    assert "%% written by tests.sqlcheck.corpus.right_writes.exclusion" in printed
    assert '    branch ||--o{ reader : "branch_id"' in printed
    assert "column book.legacy_at is never read" not in printed


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.sqlcheck]\nmodule = []\n")

    with pytest.raises(TypeError, match="module"):
        read_config(path)
    assert read_config(tmp_path / "none.toml") == Config()


def test_a_missing_registry_is_told(library: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("")

    with pytest.raises(SystemExit, match="--registry"):
        main(["--dsn", library, "--config", str(path)])
