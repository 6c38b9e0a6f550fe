"""Proves hand-written SQL against the migrated schema before it ships.

`check(statements, conninfo)` returns findings; `open_session` and `check_one` do the same for one
statement at a time. Statements are anything that fits `StatementLike`.
"""

from sqlcheck.check import check, check_one, everything, examine, writes
from sqlcheck.finding import Finding
from sqlcheck.session import Options, Session, open_session
from sqlcheck.statement import StatementLike
from sqlcheck.together import Examined, untested, unused

__all__ = [
    "Examined",
    "Finding",
    "Options",
    "Session",
    "StatementLike",
    "check",
    "check_one",
    "everything",
    "examine",
    "open_session",
    "untested",
    "unused",
    "writes",
]
