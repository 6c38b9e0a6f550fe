"""The README's chapters with curl, run as they stand there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database import ROOT
from tests.test_serve import serving

STRICT = """
set -euo pipefail
curl() { command curl --fail-with-body --noproxy '*' "$@"; }
"""


def blocks(heading: str, *, at_least: int) -> str:
    """The shell blocks of a chapter, one after the other."""
    text = (ROOT / "README.md").read_text()
    chapter = re.search(rf"^## {heading}$(.*?)^## ", text, re.DOTALL | re.MULTILINE)
    assert chapter is not None
    found = re.findall(r"^```bash\n(.*?)^```$", chapter[1], re.DOTALL | re.MULTILINE)
    assert len(found) >= at_least
    return "\n".join(found)


def journey() -> str:
    return blocks("The journey with curl", at_least=8)


def together() -> str:
    return blocks("Work together", at_least=7)


def accounts() -> str:
    return blocks("Accounts", at_least=9)


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "awk"))), reason="needs the README's tools"
)
def test_the_journey_with_curl_leads_where_the_readme_says(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / ".venv").symlink_to(sys.prefix)
    with serving(tmp_path / "data") as service:
        address = "URL=http://127.0.0.1:8000/v1\n"
        assert address in journey()
        script = STRICT + journey().replace(address, f"URL={service.url}/v1\n")
        script += '\necho "applet=$APPLET"\napi $URL/applets/$APPLET/draft\necho "together="\n'
        script += together() + '\necho "accounts="\n' + accounts()

        done = subprocess.run(
            ["bash", "-c", script],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    alone, rest = done.stdout.split("together=")
    shared, own = rest.split("accounts=")
    *walked, last = alone.split("applet=")
    lines = [line for line in "".join(walked).splitlines() if line]
    answers = [json.loads(line) for line in lines if line.startswith("{")]
    user, draft, answer, listed, shown, described, exported, imported = answers
    assert user["email"] == "ann@example.org"
    assert draft["activities"][0]["items"][1]["name"] == "why"
    assert answer["scores"] == [{"name": "total", "value": 3.0, "answered": 1, "listed": 1}]
    assert [one["id"] for one in listed["items"]] == [answer["submission_id"]]
    assert shown["answers"] == [answer]
    assert (described["submissions"], described["scores"][0]["mean"]) == (1, 3)
    assert exported["answers"][0]["payload"]["why"] == {"value": "rain"}
    titles, row = [line.split(",") for line in lines if not line.startswith("{")]
    assert dict(zip(titles, row, strict=True))["why"] == "rain"
    assert imported["report"]["items"] == 1
    assert json.loads(last.split("\n", 1)[1]) == imported["draft"]

    preview, bob, cleo, toggled, demoted, members, handed, deleted, restored = [
        json.loads(line) for line in shared.splitlines() if line
    ]
    assert (preview["team_name"], preview["role"]) == ("Birds", "editor")
    assert (bob["role"], cleo["role"]) == ("editor", "admin")
    assert (toggled["state"], toggled["uses"]) == ("inactive", 1)
    assert demoted["role"] == "editor"
    assert [one["role"] for one in members["items"]] == ["owner", "editor", "editor"]
    assert handed["my_role"] == "admin"
    assert deleted["deleted_at"] is not None
    assert (restored["my_role"], restored["member_count"]) == ("owner", 2)

    profile, preferences, asked, sessions, by_key, confirmed, session = [
        json.loads(line) for line in own.splitlines() if line
    ]
    assert profile["email_verified_at"] is not None
    assert (profile["given_name"], preferences["theme"]["mode"]) == ("Dora", "dark")
    assert asked == {"status": "check_email"}
    assert [one["auth_methods"] for one in sessions["items"]] == [["email"], ["pwd"]]
    assert [one["current"] for one in sessions["items"]] == [True, False]
    assert by_key["id"] == profile["id"]
    assert len(confirmed["recovery_codes"]) == 10
    assert session["aal"] == "aal2"
