"""Checks statements: one by one, then together."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlcheck.constraints import named_rules
from sqlcheck.declared import (
    Declared,
    declared,
    kind_rules,
    percent_rules,
    placeholder_rules,
    python_rules,
)
from sqlcheck.finding import Complaint, Finding
from sqlcheck.fitting import json_rules
from sqlcheck.forms import AsQuery, Form, as_query, empty_copy, form_of, form_rules, located
from sqlcheck.lints import lint_rules
from sqlcheck.notes import Notes, take
from sqlcheck.nulls import null_rules
from sqlcheck.older import version_rules
from sqlcheck.ordering import order_rules
from sqlcheck.params import parameter_rules, type_rules
from sqlcheck.placeholders import numbered
from sqlcheck.plans import indexes_of, plan_rules, planned
from sqlcheck.results import result_rules
from sqlcheck.rows import row_rules
from sqlcheck.session import Options, Session, copies_out, forget, open_session
from sqlcheck.source import Source, find_source
from sqlcheck.statement import StatementLike, allowed
from sqlcheck.streams import stream_rules
from sqlcheck.tenancy import tenancy_rules
from sqlcheck.together import Examined, together
from sqlcheck.variants import Refused, Variant, prepare
from sqlcheck.violations import violation_rules
from sqlcheck.writes import write_rules
from sqlcheck.writing import changes_anything

_FATAL = frozenset(["literal", "percent", "quoted", "stub", "annotation"])
"""What makes looking further pointless."""

_HIDES_MORE = _FATAL | {"sql", "utility", "params", "form"}
"""What keeps other findings from being made."""

_TOGETHER = frozenset(["id", "never-null"])

_LAST = "order"
"""Said only of statements that are right in all else."""

_RULES: tuple[Callable[[Variant], Iterator[Complaint]], ...] = (
    parameter_rules,
    write_rules,
    lint_rules,
    named_rules,
    violation_rules,
)

_RESULT_RULES: tuple[Callable[[Variant], Iterator[Complaint]], ...] = (
    result_rules,
    null_rules,
    row_rules,
    json_rules,
)
"""What a copy has no need of: its rows go out as they come."""

Placed = tuple[Complaint, str]
"""A complaint and the text that its offset counts in."""


def check(
    statements: Iterable[StatementLike], conninfo: str, options: Options | None = None
) -> list[Finding]:
    """Check statements against a migrated database, sorted by file and line."""
    with open_session(conninfo, options) as session:
        return everything([examine(each, session) for each in statements], session)


def check_one(statement: StatementLike, session: Session) -> list[Finding]:
    """Check one statement; what only all of them together show is not in it."""
    return examine(statement, session).findings


def examine(statement: StatementLike, session: Session) -> Examined:
    """Check one statement, and note what it shows of the whole."""
    source, notes = find_source(statement), Notes()
    placed = list(complaints(statement, source, session, notes))
    needless = [(each, statement.text) for each in needless_allows(statement.text, placed)]
    placed = [*_without_echoes(placed), *needless]
    forget(session)
    found = findings(statement, source, placed)
    return Examined(statement, source, found, notes)


def _without_echoes(placed: Sequence[Placed]) -> Iterator[Placed]:
    """Leave out what another complaint explains: a missing WHERE is no matter of indexes."""
    is_wrong = any(each.code != _LAST and not each.is_lint for each, _ in placed)
    unbounded = any(each.code == "where" for each, _ in placed)
    loose = {each.about for each, _ in placed if each.code == "tenant"}
    for complaint, text in placed:
        is_scan = complaint.code == "scan" and (unbounded or complaint.about in loose)
        if not (is_scan or (complaint.code == _LAST and is_wrong)):
            yield complaint, text


def needless_allows(text: str, placed: Iterable[Placed]) -> Iterator[Complaint]:
    """`-- allow` that silences nothing, in a statement that could be looked through."""
    said: dict[str, set[str]] = defaultdict(set)
    for complaint, _ in placed:
        said[complaint.code].add(complaint.about)
    if said.keys() & _HIDES_MORE:
        return
    for code, names in allowed(text).items():
        where = text.find("-- allow")
        idle = names - said[code] if said[code] else names or {""}
        if code not in _TOGETHER and idle:
            listed = f"({', '.join(sorted(idle))})" if names else ""
            told = f"`-- allow {code}{listed}` silences nothing"
            yield Complaint("allow-note", told, "remove it", where, is_lint=True)


def everything(examined: Sequence[Examined], session: Session) -> list[Finding]:
    """The findings of each statement and those of all of them together, sorted."""
    found = {finding for each in examined for finding in each.findings}
    for each, complaint, text in together(examined, session.catalog):
        found.update(findings(each.statement, each.source, [(complaint, text)]))
    return sorted(found)


def writes(statement: StatementLike, session: Session) -> bool:
    """Whether any text of the statement would be refused by a read-only transaction."""
    stub = declared(statement)
    found = [_writes(statement, session, stub, label, text) for label, text in statement.variants()]
    forget(session)
    return any(found)


def _writes(
    statement: StatementLike, session: Session, stub: Declared, label: str, text: str
) -> bool:
    """What cannot be looked into counts as a write; LISTEN is none."""
    query = as_query(session.catalog, stub, text)
    if query is None:
        return form_of(text) is not Form.LISTEN
    variant = prepare(session, statement, query.stub, label, query.text)
    if isinstance(variant, Refused):
        return True
    return changes_anything(session.catalog, variant.levels)


def findings(
    statement: StatementLike, source: Source, complaints: Iterable[Placed]
) -> list[Finding]:
    """Drop what is silenced or said twice, and find the place of the rest."""
    silenced = allowed(statement.text)
    found: dict[tuple[str, str], Finding] = {}
    for complaint, text in complaints:
        names = silenced.get(complaint.code)
        if names is not None and (not names or complaint.about in names):
            continue
        line, column = source.at(text, complaint.offset)
        found.setdefault(
            (complaint.code, complaint.message),
            Finding(
                source.file,
                line,
                column,
                complaint.code,
                complaint.message,
                complaint.help,
                complaint.is_lint,
            ),
        )
    return list(found.values())


def complaints(
    statement: StatementLike, source: Source, session: Session, notes: Notes
) -> Iterator[Placed]:
    """All that is wrong with one statement."""
    found = list(python_rules(statement, source))
    yield from ((each, statement.text) for each in found)
    if _is_fatal(found):
        return
    try:
        stub = declared(statement)
    except (NameError, TypeError, AttributeError) as error:
        yield Complaint("annotation", f"an annotation cannot be read: {error}"), statement.text
        return
    found = list(_signature(statement, stub, source))
    yield from ((each, statement.text) for each in found)
    if _is_fatal(found):
        return
    for label, text in statement.variants():
        for complaint in _text(session, statement, stub, (label, text), notes):
            yield complaint, text


def _is_fatal(found: Iterable[Complaint]) -> bool:
    return any(each.code in _FATAL for each in found)


def _signature(statement: StatementLike, stub: Declared, source: Source) -> Iterator[Complaint]:
    """The signature against the text, before PostgreSQL is asked."""
    found = list(percent_rules(statement))
    yield from found
    if _is_fatal(found):
        return
    form = form_of(statement.text)
    yield from kind_rules(statement, stub, source)
    yield from form_rules(statement.text, stub, form)
    if form not in (Form.COPY_IN, Form.UNKNOWN):
        yield from placeholder_rules(statement, stub)


def _text(
    session: Session,
    statement: StatementLike,
    stub: Declared,
    sent: tuple[str, str],
    notes: Notes,
) -> Iterator[Complaint]:
    """What PostgreSQL knows of one text that can be sent."""
    label, text = sent
    if list(form_rules(text, stub, form_of(text))):
        return
    query = as_query(session.catalog, stub, text)
    if query is None or not set(numbered(query.text).names) <= query.stub.parameters.keys():
        return
    for complaint in _query(session, statement, query, label, notes):
        yield complaint if query.row is None else located(complaint, text, query.row)


def _query(
    session: Session, statement: StatementLike, query: AsQuery, label: str, notes: Notes
) -> Iterator[Complaint]:
    variant = prepare(session, statement, query.stub, label, query.text)
    if isinstance(variant, Refused):
        yield from _refused(session, query.stub, query.text, variant)
        return
    for rules in _RULES if query.form is Form.COPY_OUT else (*_RESULT_RULES, *_RULES):
        yield from rules(variant)
    yield from tenancy_rules(variant, session.options)
    yield from order_rules(variant, session.options)
    yield from version_rules(variant, query.written, session.options)
    if query.form is Form.COPY_OUT:
        yield from _copied_out(session, query, variant)
    else:
        yield from stream_rules(session, variant)
    root = planned(session, variant)
    if isinstance(root, Complaint):
        yield root
        return
    yield from plan_rules(session, root)
    take(notes, variant, indexes_of(root))


def _copied_out(session: Session, query: AsQuery, variant: Variant) -> Iterator[Complaint]:
    """The options of a copy, tried on no rows."""
    text = empty_copy(query.written, [column.name for column in variant.analysed.columns])
    if variant.analysed.columns and (refusal := copies_out(session, text)):
        where = query.written.rfind("STDOUT")
        yield Complaint("sql", refusal.message + variant.suffix, refusal.help, where)


def _refused(session: Session, stub: Declared, text: str, refused: Refused) -> Iterator[Complaint]:
    """A parameter that is declared wrong says more than the refusal that it causes."""
    wrong = list(type_rules(session.catalog, stub, numbered(text), refused.asked, {}))
    yield from wrong or [refused.complaint]
