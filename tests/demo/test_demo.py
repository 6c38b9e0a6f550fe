import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.config import setting_names
from tests.database import ROOT

SCALES = {
    "agree": "0.704",
    "conscientious": "0.729",
    "extraversion": "0.761",
    "neuroticism": "0.813",
    "openness": "0.603",
}


@pytest.mark.slow
def test_the_demo_shows_what_the_literature_says(tmp_path: Path) -> None:
    output, ledger = tmp_path / "answers.csv", tmp_path / "ledger"
    environ = {name: text for name, text in os.environ.items() if name not in setting_names()}

    done = subprocess.run(
        [sys.executable, "-m", "demo", "--batch", "100", "--output", output, "--ledger", ledger],
        cwd=ROOT,
        env={**environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("│") for line in done.stdout.splitlines() if "│" in line]
    found = {row[1].strip(): [cell.strip() for cell in row[2:-1]] for row in rows}
    assert {name: found[name][3] for name in SCALES} == SCALES
    for name in SCALES:
        assert found[name][3] == found[name][5]
    assert "The export has 2800 rows; 0 differ from what was sent" in done.stdout
    with output.open(newline="") as file:
        exported = {row["submission_id"] for row in csv.DictReader(file)}
    acknowledged = [line.split() for line in ledger.read_text().splitlines()]
    assert {status for _, status in acknowledged} == {"201"}
    assert exported == {key for key, _ in acknowledged}
    assert len(acknowledged) == 2800
