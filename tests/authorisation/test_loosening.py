import pytest

from tests.authorisation import loosening
from tests.database import ROOT


def test_there_is_much_to_loosen() -> None:
    changes = list(loosening.changes())

    assert len(changes) > 100
    for change in changes:
        path = ROOT / f"{change.module.replace('.', '/')}.py"
        assert path.read_text(encoding="utf-8").count(change.old) == 1, change.what


@pytest.mark.slow
def test_the_matrix_notices_what_is_looser(capsys: pytest.CaptureFixture[str]) -> None:
    assert loosening.main(["3", "1"]) == 0

    assert "3 of 3 noticed" in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_as_strict_as_before_is_not_noticed() -> None:
    same = loosening.Change(
        "nothing", "src.permissions", "_RANKS[self] >=", "_RANKS[self]  >=", ["get_team"]
    )

    is_noticed, _ = loosening.is_noticed(same)

    assert not is_noticed
