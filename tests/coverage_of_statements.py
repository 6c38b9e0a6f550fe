"""A full run fails if it leaves a statement, or a guarded line of one, that no test has sent.

Workers hand what they have sent to the process that started them. Nothing is said of a run that was
a part of the whole, that failed or that was broken off.
"""

from pathlib import Path
from typing import Any

import pytest

from sqlcheck import untested
from sqlcheck.config import import_modules, read_config
from src.database import statements

_SENT = "sent_statements"
_left = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput[_SENT] = {each.name: sorted(each.executed) for each in statements}
    elif exitstatus == pytest.ExitCode.OK and is_whole(config):
        import_modules(read_config(Path(__file__).parent.parent / "pyproject.toml").modules)
        ours = [each for each in statements if each.name.startswith("src.")]
        config.stash[_left] = left = list(untested(ours))
        if left:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    sent: dict[str, list[str]] = getattr(node, "workeroutput", {}).get(_SENT, {})
    for each in statements:
        each.executed.update(sent.get(each.name, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left: list[str] = terminalreporter.config.stash.get(_left, list[str]())
    if left:
        terminalreporter.section("statements that no test has sent", red=True)
        for line in left:
            terminalreporter.line(line)


def is_whole(config: pytest.Config) -> bool:
    """Whether nothing narrows the run: no path, no -k, no other marks, no part of the last run."""
    option = config.option
    usual = config.getini("addopts")
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not option.keyword
        and (not option.markexpr or option.markexpr in usual)
        and not (option.collectonly or option.deselect or option.ignore or option.ignore_glob)
        and not (getattr(option, "lf", False) or getattr(option, "stepwise", False))
    )
