"""What only all statements together show."""

from dataclasses import dataclass

from sqlcheck import Examined, Session, everything, examine, untested, unused, writes
from tests.sqlcheck.corpus import everything as corpus
from tests.sqlcheck.corpus.types import BookId, BranchId, ReaderId
from tests.sqlcheck.declare import Connection, Statement, expected, sql, statements

RIGHT = [each for each in corpus() if each.name not in expected]


def declared(name: str) -> Statement:
    return next(each for each in statements if each.name == f"{__name__}.{name}")


def examined(session: Session, *names: str) -> list[Examined]:
    return [examine(declared(name), session) for name in names]


@dataclass(slots=True)
class Maybe:
    id: ReaderId
    name: str | None


@sql("SELECT id, name FROM reader WHERE id = %(reader_id)s")
async def needless(conn: Connection, *, reader_id: ReaderId) -> Maybe | None: ...


@sql("SELECT id, nickname AS name FROM reader WHERE id = %(reader_id)s")
async def needed(conn: Connection, *, reader_id: ReaderId) -> Maybe | None: ...


def test_an_optional_field_that_no_statement_needs_is_told(session: Session) -> None:
    (found,) = everything(examined(session, "needless"), session)

    assert found.code == "never-null"
    assert "Maybe.name" in found.message


def test_one_statement_that_needs_it_is_enough(session: Session) -> None:
    assert everything(examined(session, "needless", "needed"), session) == []


@sql("SELECT count(*) FROM loan WHERE reader_id = %(reader_id)s")
async def by_reader(conn: Connection, *, reader_id: ReaderId) -> int: ...


@sql("SELECT count(*) FROM reader WHERE sponsor_id = %(sponsor_id)s")
async def by_sponsor(conn: Connection, *, sponsor_id: ReaderId) -> int: ...


@sql("SELECT count(*) FROM event WHERE actor_id = %(book_id)s")
async def by_another(conn: Connection, *, book_id: BookId) -> int: ...


@sql("SELECT branch_id FROM reader WHERE id = %(reader_id)s")
async def another_result(conn: Connection, *, reader_id: ReaderId) -> BookId | None: ...


@sql("SELECT count(*) FROM copy WHERE branch_id = %(branch_id)s")
async def by_branch(conn: Connection, *, branch_id: BranchId) -> int: ...


@sql("SELECT id FROM branch WHERE id = ANY(%(branch_ids)s) ORDER BY id")
async def branches(conn: Connection, *, branch_ids: list[BranchId]) -> list[BranchId]: ...


def test_an_id_of_another_kind_is_told_where_it_stands(session: Session) -> None:
    examined = [
        examine(declared(name), session) for name in ("by_reader", "by_sponsor", "by_another")
    ]

    (found,) = everything(examined, session)

    assert found.code == "id"
    assert "parameter `book_id` is BookId, but reader.id is ReaderId elsewhere" in found.message


def test_an_id_is_followed_into_results_and_lists(session: Session) -> None:
    examined = [
        examine(declared(name), session) for name in ("another_result", "branches", "by_branch")
    ]

    (found,) = everything(examined, session)

    assert "`branch_id` is BookId, but branch.id is BranchId elsewhere" in found.message


def test_the_right_statements_are_right_together(session: Session) -> None:
    all_of_them = [examine(each, session) for each in RIGHT]

    assert [str(each) for each in everything(all_of_them, session)] == []


def test_columns_and_indexes_that_nothing_needs_are_listed(session: Session) -> None:
    lines = set(unused(examined(session, "by_reader", "by_branch"), session.catalog))

    assert "column book.title is never read" in lines
    assert "column loan.reader_id is never read" not in lines
    assert "index book_search on book serves no statement" in lines


@sql(
    """
    SELECT count(*)
      FROM loan
     WHERE reader_id = %(reader_id)s
       AND returned_at IS NULL     -- if is_open
    """
)
async def guarded(conn: Connection, *, reader_id: ReaderId, is_open: bool | None = None) -> int: ...


def test_statements_and_lines_that_were_never_sent_are_listed() -> None:
    statement = declared("guarded")
    without = next(text for label, text in statement.variants() if not label)

    assert list(untested([statement])) == [statement.name]
    statement.executed.add(without)
    assert list(untested([statement])) == [
        f"{statement.name}: AND returned_at IS NULL     -- if is_open"
    ]
    statement.executed.update(text for _, text in statement.variants())
    assert list(untested([statement])) == []


def test_a_write_is_known_as_one(session: Session) -> None:
    by_name = {each.name.rsplit(".", 1)[1]: each for each in RIGHT}

    assert writes(by_name["update_then_select"], session)
    assert writes(by_name["merge"], session)
    assert writes(by_name["queue"], session)
    assert not writes(by_name["recursion"], session)
    assert not writes(by_name["guarded_lines"], session)
