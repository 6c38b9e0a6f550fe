"""The whole document against the running service, with and without a sign-in.

`just fuzz 600` runs each for ten minutes. What a run says is printed: pytest shows it with `-s`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from src.config import RateSettings
from tests import factories
from tests.database import ROOT
from tests.fuzz.world import sign_up
from tests.test_serve import environ, serving

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
"""How long each run lasts. `FUZZ_SECONDS` says otherwise; what comes before fuzzing takes 40."""
SEED = os.environ.get("FUZZ_SEED", "1")
"""What the input is made from: the same again and again, unless `FUZZ_SEED` says otherwise."""
HERE = Path(__file__).parent
OPERATOR = "operator@example.org"


@pytest.mark.slow
@pytest.mark.committed
@pytest.mark.parametrize("caller", ["somebody", "nobody"])
def test_every_answer_is_one_that_the_document_tells(
    caller: str, own_database_url: str, tmp_path: Path
) -> None:
    settings = {
        "ENVIRONMENT": "test",
        "DATABASE__URL": own_database_url,
        "SECRETS__SECRET_KEY": factories.SECRET_KEY,
        "LOG__LEVEL": "WARNING",
        **{f"LIMITS__RATES__{name.upper()}": "0" for name in RateSettings.model_fields},
    }
    with serving(tmp_path / "data", **settings) as service:
        sign_up(service.url, OPERATOR)
        subprocess.run(
            [sys.executable, "-m", "src", "create-admin", OPERATOR],
            cwd=ROOT,
            env=environ(tmp_path / "data", **settings),
            check=True,
            capture_output=True,
        )
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(HERE / "schemathesis.toml")),
                *("run", f"{service.url}/openapi.json"),
                *("--max-time", str(SECONDS), "--workers", "1", "--no-color"),
                *("--seed", SEED),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
                "FUZZ_URL": service.url,
                "FUZZ_OPERATOR": OPERATOR,
                "FUZZ_CALLER": caller,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = service.said()
    print(f"As {caller}:\n{done.stdout}{done.stderr}")  # noqa: T201
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{said[-4000:]}"
    assert re.search(r"Tested: [0-9]{3}", done.stdout)
