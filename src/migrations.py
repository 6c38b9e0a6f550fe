"""Which migrations this release brings, read from their files.

Alembic would tell, at the price of a second of imports at each start.
"""

import re
from pathlib import Path

_SCRIPTS = Path(__file__).parent.parent / "alembic" / "scripts"
_NAME = re.compile(r"""^(revision|down_revision)\b.*?=\s*["'](\w+)["']""", re.MULTILINE)


def head() -> str:
    """The newest migration."""
    revisions, parents = _read()
    (newest,) = revisions - parents
    return newest


def outdated() -> frozenset[str]:
    """Every migration but the newest: a database that stands there lacks something."""
    revisions, _ = _read()
    return frozenset(revisions - {head()})


def _read() -> tuple[set[str], set[str]]:
    found = [match for path in _SCRIPTS.glob("*.py") for match in _NAME.findall(path.read_text())]
    return (
        {name for kind, name in found if kind == "revision"},
        {name for kind, name in found if kind == "down_revision"},
    )
