"""The run-time half fits what the checker asks for, without knowing of it."""

from sqlcheck import StatementLike
from src import database


def test_a_statement_of_the_project_is_one_for_the_checker() -> None:
    known: list[StatementLike] = [*database.statements]

    assert all(each.name and each.text and list(each.variants()) for each in known)
