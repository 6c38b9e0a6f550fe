"""A full run that leaves statements unsent fails, and names them; nothing else does."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.database import statements
from tests.database import ROOT

PLUGIN = "tests.coverage_of_statements"
TESTS = """
import pytest
from src.teams import service
from src.database import statements

def test_right():
    for each in statements:
        if each.name != "src.teams.service.core.get":
            each.executed.update(text for _, text in each.variants())

@pytest.mark.other
def test_wrong():
    assert {passes}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "part").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = part\nmarkers = other\n")
    return tmp_path


def run(project: Path, *options: str, passes: bool = True) -> tuple[int, str]:
    imports = "from sqlcheck.config import import_modules; import_modules(['src.*'])"
    (project / "part" / "test_one.py").write_text(imports + TESTS.format(passes=passes))
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:randomly", *options]
    done = subprocess.run(
        command,
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_was_not_sent_is_named_whoever_ran_the_tests(project: Path) -> None:
    assert any(each.name == "src.teams.service.core.get" for each in statements)
    for options in ((), ("-n", "2")):
        status, printed = run(project, *options)

        assert status == 1, printed
        assert "statements that no test has sent" in printed
        assert "\nsrc.teams.service.core.get\n" in printed
        # The process that starts workers knows of what it has imported itself.
        assert options or "src.teams.service.members.add_member" not in printed


@pytest.mark.parametrize("options", [("-k", "right"), ("part/test_one.py",), ("-m", "not other")])
def test_nothing_is_said_of_a_part(project: Path, options: tuple[str, ...]) -> None:
    status, printed = run(project, *options)

    assert status == 0, printed


def test_nothing_is_said_of_a_run_that_failed(project: Path) -> None:
    status, printed = run(project, passes=False)

    assert status == 1
    assert "no test has sent" not in printed
