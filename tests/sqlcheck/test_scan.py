"""Rules on the Python around the SQL."""

from pathlib import Path

from sqlcheck.scan import scan, scan_text

DOORS = {"psycopg": ["src/database/*"], "sqlalchemy": ["src/*/models.py", "src/models.py"]}


def codes(text: str, file: str = "src/teams/service.py") -> list[str]:
    return [f"{each.line} {each.code}" for each in scan_text(text, file, DOORS)]


def test_a_driver_has_its_doors() -> None:
    assert codes("import psycopg") == ["1 door"]
    assert codes("from psycopg.types.json import Jsonb") == ["1 door"]
    assert codes("import psycopg", "src/database/pools.py") == []
    assert codes("from sqlalchemy import text") == ["1 door"]
    assert codes("from sqlalchemy import text", "src/teams/models.py") == []
    assert codes("import psycopg_pool, json") == []


def test_a_body_of_dots_stands_under_sql_only() -> None:
    assert codes("async def f() -> int: ...") == ["1 empty-body"]
    assert codes("def f() -> None: ...") == ["1 empty-body"]
    assert codes("@sql('x')\nasync def f() -> int: ...") == []
    assert codes("@database.sql('x')\nasync def f() -> int: ...") == []


def test_a_docstring_is_no_body_where_something_is_returned() -> None:
    assert codes('def f() -> int:\n    """Say."""') == ["1 empty-body"]
    assert codes('def f() -> None:\n    """Say."""') == []
    assert codes('def f() -> None:\n    """Say."""\n    return') == []


def test_protocols_and_overloads_have_no_bodies() -> None:
    assert codes("class P(Protocol):\n    def f(self) -> int: ...") == []
    assert codes("class P(Protocol[T]):\n    async def f(self) -> int: ...") == []
    assert codes("@overload\ndef f() -> int: ...") == []
    assert codes("class A(ABC):\n    @abstractmethod\n    def f(self) -> int: ...") == []


def test_files_are_found_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("import psycopg\n")

    (finding,) = scan([tmp_path], DOORS)

    assert finding.file.endswith("inner/a.py")
    assert "src/database/* may import psycopg" in finding.help
