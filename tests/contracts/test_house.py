"""Rules of the house that no other tool sees."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from src.constants import VERSION
from tests.database import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())

INJECTED = '''
"""Text that comes from outside, on its way into SQL."""

from src.database import Connection, sql

TABLE = input()


@sql(f"SELECT name FROM {TABLE}")
async def interpolated(conn: Connection) -> str: ...


@sql("SELECT name FROM " + TABLE)
async def added(conn: Connection) -> str: ...


@sql("SELECT name FROM %s" % TABLE)
async def formatted(conn: Connection) -> str: ...


@sql("SELECT name FROM {}".format(TABLE))
async def filled(conn: Connection) -> str: ...


@sql("SELECT name FROM team")
async def literal(conn: Connection) -> str: ...
'''


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def contract(name: str) -> dict[str, Any]:
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    (found,) = [each for each in contracts if each["name"].startswith(name)]
    return dict(found)


def test_the_version_is_one() -> None:
    headings = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)

    assert headings[0] == VERSION == PYPROJECT["project"]["version"]


def test_secrets_come_from_secrets() -> None:
    assert [path for path in SOURCES if "random" in imports(path)] == []


def test_background_tasks_are_jobs() -> None:
    for path in SOURCES:
        assert "BackgroundTasks" not in path.read_text(), path


def test_routes_keep_their_connection_to_themselves() -> None:
    """The code after a dependency's `yield` runs before the answer leaves, or a commit can fail
    after its success was told."""
    text = (ROOT / "src/dependencies.py").read_text()

    assert text.count("AsyncIterator[database.") == text.count('scope="function"') == 1


def test_a_second_checker_refuses_text_from_outside(tmp_path: Path) -> None:
    path = tmp_path / "injected.py"
    path.write_text(INJECTED)
    config = tmp_path / "pyrefly.toml"
    rules = PYPROJECT["tool"]["pyrefly"]
    config.write_text(
        f'preset = "{rules["preset"]}"\n'
        f'python-version = "{rules["python-version"]}"\n'
        f'python-interpreter-path = "{sys.executable}"\n'
        f'search-path = ["{ROOT}"]\nproject-includes = ["{path.name}"]\n'
    )

    done = subprocess.run(
        [Path(sys.executable).with_name("pyrefly"), "check", "--config", config],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    places = re.findall(r"injected\.py:(\d+):\d+", done.stdout + done.stderr)
    lines = INJECTED.splitlines()
    refused = {lines[int(place) - 1] for place in places}
    assert done.returncode == 1
    expected = [line for line in lines if line.startswith("@sql(") and "TABLE" in line]
    assert len(expected) == 4
    assert refused == set(expected), done.stdout


def test_the_contracts_cover_every_core_file_and_every_domain() -> None:
    modules = {path.stem for path in (ROOT / "src").glob("*.py")}
    packages = {"config", "database", "routing"}
    domains = {path.parent.name for path in (ROOT / "src").glob("*/__init__.py")} - packages
    tops = {"main", "worker", "__main__", "__init__"}

    core = contract("The core knows no domain")
    assert set(core["source_modules"]) == {f"src.{name}" for name in modules - tops | packages}
    assert {f"src.{name}" for name in domains} <= set(core["forbidden_modules"])
    steps = " ".join(contract("Domains are a staircase")["layers"])
    assert domains <= set(re.findall(r"\w+", steps))


def test_every_domain_has_the_standard_files() -> None:
    standard = {
        *("router", "tasks", "dependencies", "service", "client", "schemas", "models"),
        *("constants", "exceptions", "config", "__init__"),
    }
    nested = {"applets": {"items", "importers"}}
    for domain in (ROOT / "src").glob("*/service*"):
        names = {path.stem for path in domain.parent.iterdir() if path.name != "__pycache__"}
        assert "utils" not in names
        assert "service" in names & standard
        assert nested.get(domain.parent.name, set()) <= names
