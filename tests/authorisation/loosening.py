"""Makes the service looser in one place at a time, and shows that the matrix notices.

    python -m tests.authorisation.loosening [count] [seed]

Each change is made in a process of its own, in memory. Of what the matrix would try, that process
tries the operations that the change is about.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from tests.authorisation.loosened import VARIABLE
from tests.authorisation.oracle import RANKS, table
from tests.database import ROOT

MATRIX = "tests/authorisation/test_matrix.py"
PAGE = "tests/authorisation/test_declarations.py"
_TABLE = "src.permissions"


@dataclass(frozen=True, slots=True)
class Change:
    """`old` in the module's text becomes `new`; `operations` are those that show it, or all."""

    what: str
    module: str
    old: str
    new: str
    operations: Sequence[str]


def changes() -> Iterator[Change]:
    """Everything that can be made looser: each entry of the table, and each thing that enforces."""
    yield from _entries()
    yield from _enforcing()


def _entries() -> Iterator[Change]:
    text = (ROOT / "src/permissions.py").read_text(encoding="utf-8")
    for name, permission in table().items():
        found = re.search(
            rf'^        "{name}": (\w+\((?:[^()]|\([^()]*\))*\)),$', text, re.MULTILINE
        )
        assert found is not None, name
        entry = found[0]
        if permission.fresh:
            yield _entry(name, "fresh dropped", entry, re.sub(_FRESH, "", entry))
        if permission.role is not None:
            for lower in RANKS[: RANKS.index(permission.role)]:
                weaker = re.sub(r"Role\.\w+", f"Role.{lower.upper()}", entry)
                yield _entry(name, f"{permission.role} lowered to {lower}", entry, weaker)
            yield _entry(name, "for any user", entry, f'        "{name}": user(),')
        if entry.startswith(f'        "{name}": user(') and not permission.unverified:
            wider = entry.replace("),", ", unverified=True),").replace("(, ", "(")
            yield _entry(name, "for the unverified", entry, wider)
        if permission.principal.name == "PLATFORM":
            if permission.platform_role is not None:
                yield _entry(name, "for every operator", entry, f'        "{name}": platform(),')
            yield _entry(name, "for any user", entry, f'        "{name}": user(),')
        if permission.principal.name != "ANONYMOUS":
            yield _entry(name, "for anyone", entry, f'        "{name}": anonymous(),')


def _entry(name: str, what: str, old: str, new: str) -> Change:
    assert old != new
    return Change(f"{name}: {what}", _TABLE, old, new, [name])


_FRESH = re.compile(r"(?<=\()fresh=True,? ?|, fresh=True")
_FALSE = "if False:"
_OPERATING = ["get_operator", "list_users", "list_audit_events"]


def _enforcing() -> Iterator[Change]:
    """Each line that refuses somebody, taken away."""
    auth, cookies = "src.auth.dependencies", "src.auth.cookies"
    yield Change(
        "a token of a session that has ended",
        auth,
        "if found is None or found.id.int != claims.user_id.int:",
        "if found is None:\n"
        "        found = schemas.Principal(\n"
        "            claims.user_id, claims.session_id, True, 'aal2', True)\n"
        "    if found.id != claims.user_id:",
        ["create_team"],
    )
    yield Change(
        "nobody asks how long ago they signed in",
        auth,
        "if permission.fresh and not found.is_fresh:",
        _FALSE,
        ["delete_team", "transfer_ownership"],
    )
    yield Change(
        "nobody asks whether their email is verified",
        auth,
        "is_admitted = found.is_verified or permission.unverified",
        "is_admitted = True",
        ["create_team", "get_team"],
    )
    yield Change(
        "no CSRF token is asked for",
        auth,
        "        cookies.check_csrf(settings, request.headers, session_id=claims.session_id)",
        "        pass",
        ["create_team", "put_draft", "log_out"],
    )
    yield Change(
        "a CSRF token of any session will do",
        cookies,
        "if not any(security.is_equal(given, each) for each in ours):",
        "if not given:",
        ["create_team"],
    )
    yield Change(
        "cookies are taken from every site",
        cookies,
        "if token and request.method not in SAFE_METHODS:",
        _FALSE,
        ["create_team", "put_draft"],
    )
    yield Change(
        "a refresh cookie is taken from every site",
        cookies,
        "    if token:\n        check_origin(settings, request.headers, own_origin=own_origin)\n",
        "",
        ["refresh_tokens"],
    )
    yield Change(
        "every origin is allowed",
        cookies,
        "if not is_ours and not _is_allowed(settings, origin):",
        _FALSE,
        ["create_team", "log_in", "sign_up", "refresh_tokens", "log_out"],
    )
    yield Change(
        "no origin is as good as one's own",
        cookies,
        "is_ours = origin == own_origin and",
        "is_ours = origin in {own_origin, ''} and",
        ["create_team"],
    )
    for kind in ("team", "applet"):
        yield Change(
            f"nobody looks at the role in the {kind}",
            f"src.{kind}s.dependencies",
            f"    check_role(request, {kind}.my_role)\n",
            "",
            ["update_team", "create_applet"] if kind == "team" else ["put_draft", "get_csv"],
        )
    for kind, shows in (("team", "list_members"), ("applet", "list_versions")):
        own = "team_member.account_id"
        missing = f"missing=exceptions.{kind.capitalize()}NotFound,"
        after = f'    """,\n    {missing}\n)\nasync def get('
        yield Change(
            f"a {kind} is there as before when its team is deleted",
            f"src.{kind}s.service.core",
            f"       AND team.deleted_at IS NULL\n{after}",
            after,
            [shows],
        )
        yield Change(
            f"any member of any team is one of the {kind}'s",
            f"src.{kind}s.service.core",
            f"AND {own} = %(user_id)s\n       AND team.deleted_at IS NULL\n{after}",
            f"AND ({own} = %(user_id)s OR %(user_id)s::uuid IS NOT NULL)\n"
            f"       AND team.deleted_at IS NULL\n     LIMIT 1\n{after}",
            [shows],
        )
    operators = "src.auth.platform.dependencies"
    for what, old in (
        ("who has no platform role operates too", "if standing is None or not standing.roles:"),
        (
            "any platform role will do",
            "if demanded is not None and not operator.has(demanded):",
        ),
        (
            "operators need no second factor",
            "if settings.admins_need_mfa and not standing.has_second_factor:",
        ),
    ):
        new = "if standing is None:" if "standing is None" in old else _FALSE
        yield Change(what, operators, old, new, _OPERATING)
    yield Change(
        "each role includes the next",
        _TABLE,
        "return _RANKS[self] >= _RANKS[other]",
        "return _RANKS[self] + 1 >= _RANKS[other]",
        ["update_team", "put_draft", "delete_team"],
    )
    yield Change(
        "everybody's submissions are for editors",
        "src.answers.dependencies",
        "applet.my_role.includes(Role.ADMIN)",
        "applet.my_role.includes(Role.EDITOR)",
        ["get_submission"],
    )


def is_noticed(change: Change) -> tuple[bool, str]:
    """Whether a test fails on the change, and what it says.

    Where the matrix does not, the domain has a rule of its own that refuses the same: a change of
    the table is still seen by the page that is written from it.
    """
    code, said = _tried(change, MATRIX, " or ".join(f"[{name}]" for name in change.operations))
    if "UndeclaredError" in said:
        return True, "the service does not start"
    reasons = re.findall(r"^E +(.+ but it is for them|.+, not \d+ .*)$", said, re.MULTILINE)
    # A service that is broken is not one that is looser.
    if reasons and not any(": 500 " in reason for reason in reasons):
        return True, str(reasons[0])
    if code == 0 and change.module == _TABLE and _tried(change, PAGE, "page_is_what")[0] == 1:
        return True, "the page of permissions says otherwise; the domain itself still refuses"
    return False, said[-2000:]


def _tried(change: Change, path: str, wanted: str) -> tuple[int, str]:
    """How some tests of a service with the change end, and what pytest says."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "tests.authorisation.loosened", path),
                *("-x", "-q", "-n0", "-p", "no:randomly", "-k", wanted, f"--basetemp={folder}/t"),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                VARIABLE: json.dumps([change.module, change.old, change.new]),
                "TMPDIR": folder,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def main(arguments: Sequence[str]) -> int:
    count = int(arguments[0]) if arguments else 10
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(10_000)
    every = list(changes())
    picked = sorted(every, key=lambda change: sha256(f"{seed} {change.what}".encode()).digest())
    picked = picked[:count]
    noticed = 0
    for change in picked:
        is_seen, by = is_noticed(change)
        noticed += is_seen
        sys.stdout.write(f"{'noticed' if is_seen else 'MISSED '}  {change.what}\n         {by}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{noticed} of {len(picked)} noticed (seed {seed}, of {len(every)} changes)\n")
    return 0 if noticed == len(picked) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
