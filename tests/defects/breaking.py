"""Break a rule of the service in a copy of it, and look whether a test notices."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.database import ROOT, Server

_TAKEN_ALONG = ("src", "tests", "alembic", "sqlcheck", "scripts", "docs", "pyproject.toml")
_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Break:
    """One way to get a rule wrong: the smallest change of one file by which it is lost."""

    rule: str
    path: str
    changes: Mapping[str, str]
    """What stands in the file exactly once, and what stands there instead."""
    test: str
    """The test, below tests/, that must fail then."""
    says: str
    """A pattern for what the test says when it fails: for this, and not for something else."""

    def applied_to(self, source: str) -> str:
        """The source of the file with the rule broken. Raises ValueError if it has changed."""
        for old, new in self.changes.items():
            found = source.count(old)
            if found != 1:
                raise ValueError(f"{found} places in {self.path}, and not one, read {old!r}")
            source = source.replace(old, new)
        return source


@dataclass(frozen=True, slots=True)
class Outcome:
    returned: int
    output: str

    def is_noticed(self, broken: Break) -> bool:
        """Whether the test has failed, as a test does, and for the reason that was foreseen."""
        name = re.escape(f"tests/{broken.test}".partition("[")[0])
        has_failed = re.search(rf"^FAILED {name}\b", self.output, re.MULTILINE) is not None
        return (
            self.returned == 1
            and has_failed
            and re.search(broken.says, self.output, re.DOTALL) is not None
        )


def run(broken: Break, directory: Path, server: Server) -> Outcome:
    """Run the test on a copy of the service with the rule broken, which is made in `directory`."""
    for name in _TAKEN_ALONG:
        taken = ROOT / name
        if taken.is_dir():
            shutil.copytree(taken, directory / name)
        else:
            shutil.copy2(taken, directory / name)
    path = directory / broken.path
    path.write_text(broken.applied_to(path.read_text(encoding="utf-8")), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    given = {"TEST_DATABASE_URL": server.url}
    if not broken.path.startswith("alembic/"):
        given["TEST_DATABASE_TEMPLATE"] = server.template
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n0", "-rfE", "--tb=short"),
            *("-p", "no:cacheprovider", f"tests/{broken.test}"),
        ],
        cwd=directory,
        env=kept | given,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout + done.stderr)
