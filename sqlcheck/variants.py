"""One text of a statement, prepared as it will run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlcheck.catalog import Choices
from sqlcheck.declared import Declared
from sqlcheck.finding import Complaint
from sqlcheck.hints import core, element, is_optional, labels
from sqlcheck.origins import Place, levels
from sqlcheck.placeholders import Numbered, numbered
from sqlcheck.samples import sample
from sqlcheck.scopes import Analysis
from sqlcheck.session import Analysed, Refusal, Session, accepts, analyse, sent_types
from sqlcheck.statement import StatementLike
from sqlcheck.tree import UTILITY, Node, place_of

PREPARED = "checked"
"""The name under which the statement stays prepared, for its plan."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One text that a statement can send, as PostgreSQL understands it."""

    statement: StatementLike
    stub: Declared
    text: str
    suffix: str
    """Which variant this is, in words: "" or " (when ...)"."""
    numbered: Numbered
    analysed: Analysed
    asked: tuple[int, ...]
    """The parameter types that the SQL asks for when it is not told; zero where it cannot say."""
    analysis: Analysis
    levels: tuple[Place, ...]

    @property
    def tree(self) -> Node:
        return self.analysed.tree

    def offset(self, node: Node | None) -> int | None:
        """Where an expression stands in the text."""
        at = place_of(node) if node else None
        return None if at is None else self.numbered.back_from_bytes(at)


@dataclass(frozen=True, slots=True)
class Refused:
    """A text that cannot be looked into any further."""

    complaint: Complaint
    asked: tuple[int, ...] = ()
    """The types that it would ask for, where only the annotations are in the way."""


def prepare(
    session: Session, statement: StatementLike, stub: Declared, label: str, text: str
) -> Variant | Refused:
    """Prepare one text with the types that psycopg sends for the annotations."""
    suffix = f" (when {label})" if label else ""
    query = numbered(text)
    hints = [stub.parameters[name] for name in query.names]
    types = sent_types(session, [sample(hint) for hint in hints])
    analysed = analyse(session, query.sql, types, PREPARED)
    asked = _asked(session, query, types)
    if isinstance(analysed, Refusal):
        return Refused(_refused(query, analysed, suffix), asked)
    if analysed.tree["commandType"] == UTILITY:
        told = "not a SELECT, INSERT, UPDATE, DELETE or MERGE"
        return Refused(Complaint("utility", told, "this belongs in a migration"))
    optional = _optional(statement, stub, query)
    if optional:  # None is sent without a type
        untyped = [0 if at in optional else oid for at, oid in enumerate(types, 1)]
        again = accepts(session, query.sql, untyped)
        if isinstance(again, Refusal):
            without = f" (when {', '.join(optional.values())} is None){suffix}"
            return Refused(_refused(query, again, without))
    analysis = Analysis(
        session.catalog,
        optional,
        gappy=_gappy(stub, query),
        spoken=_spoken(stub, query),
    )
    return Variant(
        statement,
        stub,
        text,
        suffix,
        query,
        analysed,
        asked,
        analysis,
        tuple(levels(analysis, analysed.tree)),
    )


def _asked(session: Session, query: Numbered, types: Sequence[int]) -> tuple[int, ...]:
    """What the SQL asks for: of all parameters at once, or of each when told the others."""
    if not query.names:
        return ()
    asked = accepts(session, query.sql)
    if not isinstance(asked, Refusal):
        return asked
    found = []
    for number in range(len(query.names)):
        others = [0 if at == number else oid for at, oid in enumerate(types)]
        one = accepts(session, query.sql, others)
        found.append(0 if isinstance(one, Refusal) else one[number])
    return tuple(found)


def _refused(query: Numbered, refusal: Refusal, suffix: str) -> Complaint:
    where = None if refusal.position is None else query.back(refusal.position)
    return Complaint("sql", refusal.message + suffix, refusal.help, where)


def refused_later(variant: Variant, refusal: Refusal, when: str) -> Complaint:
    """A refusal of a text that could be prepared."""
    return _refused(variant.numbered, refusal, f" ({when}){variant.suffix}")


def _optional(statement: StatementLike, stub: Declared, query: Numbered) -> Mapping[int, str]:
    """Parameters that may be None here; behind a guard of their own they are not."""
    guards = statement.guards
    return {
        number: name
        for number, name in enumerate(query.names, 1)
        if is_optional(stub.parameters[name]) and not (name in guards and not guards[name])
    }


def _gappy(stub: Declared, query: Numbered) -> frozenset[int]:
    return frozenset(
        number
        for number, name in enumerate(query.names, 1)
        if (inner := element(core(stub.parameters[name]))) is not None and is_optional(inner)
    )


def _spoken(stub: Declared, query: Numbered) -> dict[int, Choices]:
    found = {
        number: labels(core(stub.parameters[name])) for number, name in enumerate(query.names, 1)
    }
    return {
        number: frozenset(map(str, values))
        for number, values in found.items()
        if values is not None
    }
