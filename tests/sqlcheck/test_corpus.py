"""Every wrong statement causes its finding; no right statement causes any."""

import pytest

from sqlcheck.check import check_one
from sqlcheck.session import Session
from tests.sqlcheck.corpus import everything
from tests.sqlcheck.declare import Statement, expected

WRONG = [each for each in everything() if each.name in expected]
RIGHT = [each for each in everything() if each.name not in expected]


def name(statement: Statement) -> str:
    return statement.name.removeprefix("tests.sqlcheck.corpus.")


@pytest.mark.parametrize("statement", WRONG, ids=name)
def test_a_wrong_statement_causes_its_finding(statement: Statement, session: Session) -> None:
    code, mistake = expected[statement.name]

    found = check_one(statement, session)

    assert {each.code for each in found} == {code}, (mistake, [str(each) for each in found])


@pytest.mark.parametrize("statement", RIGHT, ids=name)
def test_a_right_statement_causes_none(statement: Statement, session: Session) -> None:
    assert [str(each) for each in check_one(statement, session)] == []
