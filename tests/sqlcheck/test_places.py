"""Where a finding points, how it reads, and what silences it."""

from pathlib import Path

from sqlcheck import Session, check_one
from sqlcheck.finding import Finding
from sqlcheck.statement import allowed
from tests.sqlcheck.corpus.types import BranchId, Named, ReaderId
from tests.sqlcheck.declare import Connection, Statement, sql, statements


def found(session: Session, name: str) -> list[Finding]:
    (statement,) = [each for each in statements if each.name == f"{__name__}.{name}"]
    return check_one(statement, session)


def at(finding: Finding) -> str:
    """The text that a finding points at."""
    line = Path(finding.file).read_text(encoding="utf-8").split("\n")[finding.line - 1]
    return line[finding.column - 1 :]


@sql(
    """
    SELECT id, nam AS name
      FROM reader
     WHERE branch_id = %(branch_id)s
     ORDER BY id
    """
)
async def in_the_text(conn: Connection, *, branch_id: BranchId) -> list[Named]: ...


@sql("SELECT id, 'ä' || %(x)s || nickname AS name FROM reader WHERE id = %(reader_id)s")
async def in_one_line(conn: Connection, *, reader_id: ReaderId, x: str) -> Named | None: ...


@sql("SELECT id, name FROM reader WHERE branch_id = %(branch_id)s ORDER BY id")
async def in_the_stub(conn: Connection, *, branch_id: BranchId) -> Named: ...


@sql("SELECT id, name FROM reader WHERE lower(name) = %(name)s ORDER BY id -- allow scan")
async def silenced(conn: Connection, *, name: str) -> list[Named]: ...


@sql(
    """
    INSERT INTO copy (book_id, branch_id)
    VALUES (%(b)s, %(b)s)   -- allow constraint(copy_book_id_fkey)
    """
)
async def half_silenced(conn: Connection, *, b: BranchId) -> None: ...


def test_a_refusal_points_at_the_word(session: Session) -> None:
    (finding,) = found(session, "in_the_text")

    assert at(finding).startswith("nam AS name")
    assert finding.severity == "error"


def test_an_expression_is_found_behind_placeholders_and_other_alphabets(session: Session) -> None:
    (finding,) = found(session, "in_one_line")

    assert at(finding).startswith("'ä' ||")
    assert "Named.name is str, but can be NULL: column reader.nickname is nullable" in str(finding)


def test_what_is_wrong_with_the_declaration_points_at_the_stub(session: Session) -> None:
    (finding,) = found(session, "in_the_stub")

    assert at(finding).startswith("async def in_the_stub")


def test_allow_silences_a_code(session: Session) -> None:
    assert found(session, "silenced") == []


def test_allow_with_a_name_silences_that_name_only(session: Session) -> None:
    (finding,) = found(session, "half_silenced")

    assert "copy_branch_id_fkey" in finding.message


def test_notes_are_read_with_names_and_reasons() -> None:
    assert allowed("-- allow scan: at night\n-- allow constraint(a_fkey, b_key), limit") == {
        "scan": frozenset(),
        "constraint": {"a_fkey", "b_key"},
        "limit": frozenset(),
    }


def test_a_finding_has_a_form_for_editors_and_one_for_github() -> None:
    finding = Finding("src/a.py", 3, 5, "null", "x is 50% NULL", "say so", is_lint=True)

    assert str(finding) == "src/a.py:3:5: warning[null] x is 50% NULL\n    help: say so"
    assert finding.annotation() == (
        "::warning file=src/a.py,line=3,col=5,title=null::x is 50%25 NULL%0Asay so"
    )


def test_a_stub_without_a_file_is_still_checked(session: Session) -> None:
    scope: dict[str, object] = {"__name__": "made"}
    exec("async def made(conn: object) -> int: ...", scope)  # noqa: S102  a stub of no file
    stub = scope["made"]
    assert callable(stub)

    (finding,) = check_one(Statement("SELECT id FROM nowhere", stub), session)

    assert (finding.file, finding.line, finding.code) == ("<string>", 1, "sql")


def test_a_missing_annotation_stops_the_check(session: Session) -> None:
    scope: dict[str, object] = {"__name__": "made"}
    exec("async def made(conn: object, *, id) -> int: ...", scope)  # noqa: S102  a stub of no file
    stub = scope["made"]
    assert callable(stub)

    (finding,) = check_one(Statement("SELECT %(id)s", stub), session)

    assert finding.code == "annotation"
