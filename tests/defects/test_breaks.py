"""Each rule is broken once, in a copy of the service: its test must fail, and for that reason."""

from pathlib import Path

import pytest

from tests import database
from tests.database import ROOT
from tests.defects.breaking import Break, run
from tests.defects.breaks import BREAKS

DEFECTS = set(range(1, 38))


def test_every_break_fits_the_code_of_today() -> None:
    """Where code has moved, break the rule in its new place: else nothing proves its test."""
    stale = []
    for each in BREAKS:
        try:
            source = (ROOT / each.path).read_text(encoding="utf-8")
            assert each.changes
            assert each.applied_to(source) != source
        except (ValueError, OSError) as exc:
            stale.append(f"{each.rule}: {exc}")

    assert stale == []


def test_every_test_that_must_notice_is_there() -> None:
    for each in BREAKS:
        path, _, name = each.test.partition("::")
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source, each.test


def test_a_rule_is_broken_in_one_way() -> None:
    rules = [each.rule for each in BREAKS]

    assert len(set(rules)) == len(rules) > 100


def test_every_defect_is_brought_back() -> None:
    numbers = [each.rule.partition(":")[0] for each in BREAKS]

    assert {int(number) for number in numbers if number.isdigit()} == DEFECTS


@pytest.mark.slow
@pytest.mark.parametrize("broken", BREAKS, ids=[each.rule for each in BREAKS])
def test_its_test_notices(broken: Break, tmp_path: Path, server: database.Server) -> None:
    outcome = run(broken, tmp_path, server)

    assert outcome.is_noticed(broken), f"{broken.test} does not notice:\n{outcome.output[-5000:]}"
