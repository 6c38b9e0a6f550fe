"""The row class and the stub that a statement needs, for a statement that has none yet."""

from collections.abc import Sequence
from pprint import pformat

from sqlcheck.facts import returning_scope
from sqlcheck.matching import annotation_for
from sqlcheck.nullness import elements, outputs
from sqlcheck.placeholders import numbered
from sqlcheck.rows import at_most_one
from sqlcheck.scopes import Analysis
from sqlcheck.session import Analysed, Refusal, Session, analyse
from sqlcheck.tree import targets


def describe(session: Session, text: str) -> str:
    """Python for a statement: a row class, `@sql` with the text, and the stub below it."""
    query = numbered(text)
    analysed = analyse(session, query.sql)
    if isinstance(analysed, Refusal):
        return "\n".join(filter(None, [f"error: {analysed.message}", analysed.help]))
    fields = _fields(session, analysed)
    returns = "None"
    lines: list[str] = []
    if fields:
        lines = [
            "@dataclass(slots=True)",
            "class Row:",
            *(f"    {each}" for each in fields),
            "",
            "",
        ]
        analysis = Analysis(session.catalog, {})
        returns = "Row | None" if at_most_one(analysis, analysed.tree) else "list[Row]"
    given = [
        f"{name}: {annotation_for(session.catalog, oid)}"
        for name, oid in zip(query.names, analysed.parameters, strict=True)
    ]
    return "\n".join([*lines, *_decorated(text), _stub(given, returns)])


def dump(session: Session, text: str) -> str:
    """The analysed query of a statement, without the fields that are empty."""
    analysed = analyse(session, numbered(text).sql)
    if isinstance(analysed, Refusal):
        return f"error: {analysed.message}"
    return pformat(_filled(analysed.tree), width=100, sort_dicts=False)


def _filled(value: object) -> object:
    if isinstance(value, dict):
        kept = {name: _filled(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, False, [], 0, -1)}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _fields(session: Session, analysed: Analysed) -> list[str]:
    analysis = Analysis(session.catalog, {})
    scope = returning_scope(analysis, analysed.tree)
    reasons = outputs(analysis, analysed.tree)
    found = []
    for column, target, reason in zip(
        analysed.columns, targets(analysed.tree), reasons, strict=True
    ):
        kind = annotation_for(session.catalog, column.type)
        if kind.startswith("list[") and elements(analysis, target["expr"], scope):
            kind = f"{kind[:-1]} | None]"
        found.append(f"{column.name}: {kind}{' | None' if reason else ''}")
    return found


def _decorated(text: str) -> list[str]:
    lines = text.strip("\n").split("\n")
    return ["@sql(", '    """', *(f"    {line}".rstrip() for line in lines), '    """', ")"]


def _stub(given: Sequence[str], returns: str) -> str:
    star = ", *, " if given else ""
    line = f"async def name(conn: Connection{star}{', '.join(given)}) -> {returns}: ..."
    if len(line) <= 100:
        return line
    return "\n".join(
        [
            "async def name(",
            "    conn: Connection,",
            "    *,",
            *(f"    {each}," for each in given),
            f") -> {returns}: ...",
        ]
    )
