"""The row class and the stub that a statement needs, for a statement that has none yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pprint import pformat

from sqlcheck.classes import Classes
from sqlcheck.matching import JSON, annotation_for
from sqlcheck.nullness import elements, outputs
from sqlcheck.origins import results
from sqlcheck.placeholders import numbered
from sqlcheck.rows import at_most_one
from sqlcheck.scopes import Analysis
from sqlcheck.session import Analysed, Refusal, Session, analyse
from sqlcheck.shapes import Stored, Unknown, one_of, shape_of


def describe(session: Session, text: str) -> str:
    """Python for a statement: a row class, `@sql` with the text, and the stub below it."""
    query = numbered(text)
    analysed = analyse(session, query.sql)
    if isinstance(analysed, Refusal):
        return "\n".join(filter(None, [f"error: {analysed.message}", analysed.help]))
    classes = Classes(session.catalog)
    fields = _fields(session, analysed, classes)
    returns = "None"
    lines = classes.lines()
    if len(fields) == 1 and fields[0].is_built:
        analysis = Analysis(session.catalog, {})
        row = fields[0].hint
        returns = f"{row} | None" if at_most_one(analysis, analysed.tree) else f"list[{row}]"
    elif fields:
        lines += [
            "@dataclass(slots=True)",
            "class Row:",
            *(f"    {each.name}: {each.hint}" for each in fields),
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


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    hint: str
    is_built: bool


def _fields(session: Session, analysed: Analysed, classes: Classes) -> list[_Field]:
    analysis = Analysis(session.catalog, {})
    if not analysed.columns:
        return []
    reasons = outputs(analysis, analysed.tree)
    found = []
    for column, places, reason in zip(
        analysed.columns, results(analysis, analysed.tree), reasons, strict=True
    ):
        kind = annotation_for(session.catalog, column.type)
        is_built = False
        if session.catalog.types[column.type].name in JSON:
            shape = one_of(shape_of(analysis, *place) for place in places)
            is_built = not isinstance(shape, Stored | Unknown)
            kind = f"Json[{classes.annotation(shape, column.name)}]" if is_built else kind
        elif kind.startswith("list[") and any(elements(analysis, *place) for place in places):
            kind = f"{kind[:-1]} | None]"
        is_null = reason and not (is_built and len(analysed.columns) == 1)
        found.append(_Field(column.name, f"{kind}{' | None' if is_null else ''}", is_built))
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
