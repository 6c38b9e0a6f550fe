"""What the checker needs to know of the migrated schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlcheck.tree import Node, conjuncts, text_of, unwrapped

Key = tuple[int, int]
"""A column: its table's oid and its number."""

Choices = frozenset[str]
"""The texts that a CHECK or an enum allows."""


@dataclass(frozen=True, slots=True)
class Column:
    table: str
    name: str
    type: int
    not_null: bool
    default: str
    """How a missing value is made: "" for NULL, "identity", "generated" or the expression."""
    generated: Node | None
    choices: Choices | None
    """What a CHECK (x IN (...)) allows."""

    @property
    def spelled(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True, slots=True)
class Type:
    name: str
    kind: str
    """b(ase) c(omposite) d(omain) e(num) p(seudo) r(ange) m(ultirange)"""
    base: int
    """Of a domain."""
    element: int
    """Of an array."""
    labels: tuple[str, ...]
    subtype: int
    """Of a range or a multirange."""
    choices: Choices | None
    """What a domain's CHECK (VALUE IN (...)) allows."""
    checks: tuple[str, ...]
    """The names of a domain's checks."""
    is_instant: bool
    """A domain whose texts are instants as RFC 3339 writes them: its comment says `instant: ...`"""


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    source: str
    is_builtin: bool
    is_strict: bool
    returns_set: bool
    is_volatile: bool
    is_total: bool
    """One of the project's own that is never NULL for values: its comment says `total: ...`"""


@dataclass(frozen=True, slots=True)
class UniqueKey:
    name: str
    columns: tuple[int, ...]
    """Zero where an expression stands,"""
    touched: tuple[int, ...]
    """and the columns that it is made of."""
    oid: int
    """Of the constraint, where it is one."""
    predicate: Node | None
    is_deferred: bool
    nulls_collide: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """A foreign key, a check or an exclusion; unique keys are `UniqueKey`s."""

    name: str
    kind: str
    """f(oreign), c(heck), x (exclusion)"""
    table: int
    columns: tuple[int, ...]
    target: int
    """The table that a foreign key points at,"""
    target_columns: tuple[int, ...]
    """and the columns there."""
    on_delete: str
    """a: no action, r: restrict, c: cascade, n: set null, d: set default"""
    condition: Node | None
    """Of a check."""
    is_deferred: bool
    oid: int


@dataclass(frozen=True, slots=True)
class Catalog:
    types: Mapping[int, Type]
    functions: Mapping[int, Function]
    operators: Mapping[int, str]
    columns: Mapping[Key, Column]
    columns_of: Mapping[int, Sequence[int]]
    tables: Mapping[int, str]
    """The project's own tables."""
    comments: Mapping[int, str]
    keys: Mapping[int, Sequence[UniqueKey]]
    constraints: Mapping[int, Sequence[Constraint]]
    """By the table that has them."""
    incoming: Mapping[int, Sequence[Constraint]]
    """Foreign keys, by the table that they point at."""
    foreign: Mapping[Key, Key]
    """What each column points at."""
    views: Mapping[int, Node]
    plain_indexes: Mapping[str, str]
    """Indexes that serve neither a constraint nor a foreign key, each with its table."""
    leading: Mapping[str, str] = field(default_factory=dict)
    """The first column of each b-tree index, where it is a column."""
    triggered: frozenset[int] = field(default=frozenset())
    """Tables with triggers of their own."""
    has_instants: bool = False
    """Whether a domain says that its texts are instants."""

    def base(self, oid: int) -> int:
        """The type under any domains."""
        while (kind := self.types.get(oid)) is not None and kind.base:
            oid = kind.base
        return oid

    def spell(self, oid: int) -> str:
        """A type as people write it."""
        kind = self.types[oid]
        if kind.element:
            return f"{self.spell(kind.element)}[]"
        return _SPELLING.get(kind.name, kind.name)

    def function_of(self, node: Node) -> Function:
        """The function that a call or an operator runs."""
        oid = node["opfuncid"] if "opfuncid" in node else node["funcid"]
        return self.functions[oid]

    def domain_checks(self, oid: int) -> tuple[str, ...]:
        """The checks of a domain and of those under it."""
        kind = self.types[oid]
        return kind.checks + (self.domain_checks(kind.base) if kind.base else ())

    def allowed(self, oid: int) -> Choices | None:
        """The labels of an enum, or what the domain's check allows."""
        while (kind := self.types.get(oid)) is not None:
            if kind.labels:
                return frozenset(kind.labels)
            if kind.choices is not None:
                return kind.choices
            if not kind.base:
                return None
            oid = kind.base
        return None


_SPELLING = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "bpchar": "char",
}


def choices_of(condition: Node | None, equality: Mapping[int, str]) -> Choices | None:
    """The texts that a check on one value allows, where it is a plain list of them."""
    found = [part for each in conjuncts(condition) if (part := _listed(each, equality)) is not None]
    return frozenset.intersection(*found) if found else None


def _listed(part: Node, equality: Mapping[int, str]) -> Choices | None:
    kind = part["_"]
    if kind == "BOOLEXPR" and part["boolop"] == "or":
        members = [arg for arg in part["args"] if arg["_"] != "NULLTEST"]
        lists = [_listed(arg, equality) for arg in members]
        known = [each for each in lists if each is not None]
        return frozenset().union(*known) if known and len(known) == len(lists) else None
    if kind == "SCALARARRAYOPEXPR" and part["useOr"]:
        values = unwrapped(part["args"][1], "RELABELTYPE", "ARRAYCOERCEEXPR")
        members = values["elements"] or [] if values["_"] == "ARRAYEXPR" else []
    elif kind == "OPEXPR" and len(part["args"]) > 1:
        members = [part["args"][1]]
    else:
        return None
    left = unwrapped(part["args"][0])["_"]
    texts = [text for member in members if (text := text_of(member)) is not None]
    is_list = equality[part["opno"]] == "=" and left in ("VAR", "COERCETODOMAINVALUE")
    return frozenset(texts) if is_list and texts and len(texts) == len(members) else None
