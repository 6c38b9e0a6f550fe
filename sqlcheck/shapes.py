"""The shape of JSON that a statement builds, as far as its expressions tell."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlcheck.catalog import Choices
from sqlcheck.facts import proven, refuted, scope_of
from sqlcheck.matching import JSON, TEXTUAL
from sqlcheck.nullness import NOTHING, Known, elements, why
from sqlcheck.origins import Place, columns_of, origin, origins, stored, texts
from sqlcheck.scopes import Analysis, Reason, Scope
from sqlcheck.tree import (
    CTE,
    JOIN,
    RELATION,
    SUBQUERY,
    VALUES,
    Node,
    is_null_constant,
    known_type,
    targets,
    text_of,
    unwrapped,
)

_BUILDS_OBJECT = frozenset(["jsonb_build_object", "json_build_object"])
_BUILDS_ARRAY = frozenset(["jsonb_build_array", "json_build_array"])
_FROM_VALUE = frozenset(["to_jsonb", "to_json", "row_to_json"])
_COLLECTS = frozenset(["jsonb_agg", "json_agg"])
_COLLECTS_VALUES = frozenset(["jsonb_agg_strict", "json_agg_strict"])
_COLLECTS_PAIRS = frozenset(["jsonb_object_agg", "json_object_agg"])
_LITERAL = frozenset(["unknown", "cstring"])
"""Types of a literal that nothing has given another."""
_TEXT = 25
_OBJECT_CONSTRUCTOR, _ARRAY_CONSTRUCTOR = 1, 2
_SCALAR_SUBLINK, _ARRAY_SUBLINK = 4, 6


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object with these keys, each with why its value may be null."""

    members: Mapping[str, tuple["Shape", Reason]]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A JSON object whose keys are known to the rows alone."""

    item: "Shape"
    reason: Reason


@dataclass(frozen=True, slots=True)
class Array:
    """A JSON array of these; of nothing where there is no item."""

    item: "Shape | None"
    reason: Reason
    made_by: Place | None = None
    """The aggregate that has collected it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of this type, made JSON."""

    type: int
    choices: Choices | None


@dataclass(frozen=True, slots=True)
class Stored:
    """JSON as a column of this type holds it."""

    type: int


@dataclass(frozen=True, slots=True)
class Null:
    """JSON's own null."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several shapes."""

    shapes: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that can be followed, and what it is in words."""

    what: str


Shape = Object | Dictionary | Array | Scalar | Stored | Null | OneOf | Unknown

_LITERALS: Final[Mapping[str, Shape]] = {
    "[]": Array(None, None),
    "{}": Object({}),
    "null": Null(),
}
_BINARY_LITERALS: Final = {
    bytes.fromhex("00000040"): "[]",
    bytes.fromhex("00000020"): "{}",
    bytes.fromhex("0100005000000040"): "null",
}
"""How jsonb holds them."""


def arrays(shape: Shape) -> Iterator[Array]:
    """Every array in a shape."""
    if isinstance(shape, Array):
        yield shape
    for inner in _inside(shape):
        yield from arrays(inner)


def _inside(shape: Shape) -> Iterable[Shape]:
    if isinstance(shape, OneOf):
        return shape.shapes
    if isinstance(shape, Object):
        return [member for member, _ in shape.members.values()]
    if isinstance(shape, Array):
        return [] if shape.item is None else [shape.item]
    return [shape.item] if isinstance(shape, Dictionary) else []


def one_of(shapes: Iterable[Shape]) -> Shape:
    """These shapes as one; alternatives of alternatives are alternatives."""
    found: list[Shape] = []
    for shape in shapes:
        for each in shape.shapes if isinstance(shape, OneOf) else [shape]:
            if each not in found:
                found.append(each)
    return found[0] if len(found) == 1 else OneOf(tuple(found)) if found else Null()


def shape_of(analysis: Analysis, node: Node, scope: Scope, known: Known = NOTHING) -> Shape:
    """What JSON an expression is, or becomes where it is no JSON yet."""
    bare = unwrapped(node)
    if bare["_"] == "SUBLINK" and bare["subLinkType"] == _ARRAY_SUBLINK:
        return _array(analysis, node, scope, 0)
    oid = known_type(node)
    if is_null_constant(origin(analysis, node, scope)[0]):
        return Null()
    if oid is None:
        return Unknown(f"what {node['_'].lower()} is cannot be told")
    kind = analysis.catalog.types.get(analysis.catalog.base(oid))
    if kind is None or kind.kind == "c" or kind.name == "record" or kind.name in JSON:
        places = origins(analysis, node, scope)
        return one_of(
            _made(analysis, each, home, known if home is scope else NOTHING)
            for each, home in places
        )
    if kind.element:
        return _array(analysis, node, scope, kind.element)
    if kind.name in _LITERAL:
        oid = _TEXT
    is_text = bool(kind.labels) or kind.name in TEXTUAL | _LITERAL
    return Scalar(oid, texts(analysis, node, scope) if is_text else None)


def _made(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    """The shape of an expression that is JSON or a whole row, and no column of another query."""
    handler = _HANDLERS.get(node["_"])
    if is_null_constant(node):  # in one part of several
        return Null()
    if handler is None:
        return Unknown(f"what {node['_'].lower()} makes cannot be told")
    return handler(analysis, node, scope, known)


# ---- rows ----


def _column(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    home = scope.up(node["varlevelsup"])
    if not node["varattno"]:
        return _whole_row(analysis, node, home, known if home is scope else NOTHING)
    if stored(analysis, node, scope) is not None:
        return Stored(node["vartype"])
    return Unknown(f"what a column of `{home.alias(node['varno'])}` holds cannot be told")


def _whole_row(analysis: Analysis, node: Node, home: Scope, known: Known) -> Shape:
    """A whole row becomes an object of its columns."""
    columns = list(_columns(analysis, home.entry(node["varno"]), home))
    if not columns:
        return Unknown(f"the columns of `{home.alias(node['varno'])}` are not known")
    members: dict[str, tuple[Shape, Reason]] = {}
    for number, name, oid in columns:
        if name in members:
            return Unknown(f"two columns are named `{name}`")
        # what blanks the row makes null of all of it
        one: Node = {
            **node,
            "varattno": number,
            "vartype": oid,
            "varlevelsup": 0,
            "varnullingrels": [],
        }
        reason = why(analysis, one, home, known)
        members[name] = (shape_of(analysis, one, home, known), reason)
    return Object(members)


def _columns(analysis: Analysis, entry: Node, home: Scope) -> Iterator[tuple[int, str, int | None]]:
    """Number, name and type of the columns of an entry of the FROM list."""
    kind, catalog = entry["rtekind"], analysis.catalog
    if kind == RELATION:
        for number in catalog.columns_of[entry["relid"]]:
            column = catalog.columns[entry["relid"], number]
            yield number, column.name, column.type
        return
    oids: list[int | None] = []
    if kind == SUBQUERY:
        oids = [known_type(target["expr"]) for target in targets(entry["subquery"])]
    elif kind == JOIN:
        oids = [known_type(merged) for merged in entry["joinaliasvars"]]
    elif kind in (CTE, VALUES):
        oids = list(entry["coltypes"])
    names = entry["eref"]["colnames"]
    if len(oids) == len(names):
        yield from zip(range(1, len(names) + 1), names, oids, strict=True)


# ---- builders ----


def _call(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    function, args = analysis.catalog.function_of(node), node["args"] or []
    if function.is_builtin and not node["funcvariadic"]:
        if function.name in _BUILDS_OBJECT:
            return _object(analysis, args, scope, known)
        if function.name in _BUILDS_ARRAY:
            return _listed(analysis, args, scope, known)
        if function.name in _FROM_VALUE:
            return shape_of(analysis, args[0], scope, known)
    return Unknown(f"what {function.name}() makes cannot be told")


def _object(
    analysis: Analysis, args: list[Node], scope: Scope, known: Known, *, absent: bool = False
) -> Shape:
    if len(args) % 2:
        return Unknown("a key has no value")
    found: dict[str, tuple[Shape, Reason]] = {}
    for key, value in zip(args[::2], args[1::2], strict=True):
        name = text_of(key)
        if name is None:
            return Unknown("a key is no plain literal")
        if name in found:
            return Unknown(f"key `{name}` is written twice")
        reason = why(analysis, value, scope, known)
        if absent and reason:
            return Unknown(f"ABSENT ON NULL may leave out `{name}`: {reason}")
        found[name] = (shape_of(analysis, value, scope, known), reason)
    return Object(found)


def _listed(analysis: Analysis, args: list[Node], scope: Scope, known: Known) -> Shape:
    if not args:
        return Array(None, None)
    reasons = (why(analysis, each, scope, known) for each in args)
    item = one_of(shape_of(analysis, each, scope, known) for each in args)
    return Array(item, next((reason for reason in reasons if reason), None))


def _constructor(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    args, absent = node["args"] or [], node["absent_on_null"]
    if node["func"]:
        return shape_of(analysis, node["func"], scope, known)
    if node["type"] == _OBJECT_CONSTRUCTOR:
        return _object(analysis, args, scope, known, absent=absent)
    if node["type"] == _ARRAY_CONSTRUCTOR:
        made = _listed(analysis, args, scope, known)
        return Array(made.item, None) if absent and isinstance(made, Array) else made
    return Unknown("what this constructor makes cannot be told")


def _aggregate(analysis: Analysis, node: Node, scope: Scope, _: Known) -> Shape:
    function = analysis.catalog.functions[node["aggfnoid"]]
    inside = proven(analysis, node["aggfilter"], scope)
    values = [each["expr"] for each in node["args"] or []]
    if function.is_builtin and function.name in _COLLECTS_PAIRS:
        item = values[1]
        reason = why(analysis, item, scope, inside)
        return Dictionary(shape_of(analysis, item, scope, inside), reason)
    if function.is_builtin and function.name in _COLLECTS | _COLLECTS_VALUES:
        is_strict = function.name in _COLLECTS_VALUES
        reason = None if is_strict else why(analysis, values[0], scope, inside)
        return Array(shape_of(analysis, values[0], scope, inside), reason, (node, scope))
    return Unknown(f"what {function.name}() makes cannot be told")


def _array(analysis: Analysis, node: Node, scope: Scope, item: int) -> Shape:
    """An array of SQL."""
    reason = elements(analysis, node, scope)
    behind, home = origin(analysis, node, scope)
    if behind["_"] == "SUBLINK":
        inner = _of_query(analysis, behind["subselect"], home)
        return Array(inner, reason) if behind["subLinkType"] == _ARRAY_SUBLINK else inner
    if behind["_"] == "AGGREF":
        if analysis.catalog.functions[behind["aggfnoid"]].name == "array_agg":
            inside = proven(analysis, behind["aggfilter"], home)
            value = behind["args"][0]["expr"]
            return Array(shape_of(analysis, value, home, inside), reason, (behind, home))
    elif behind["_"] == "ARRAYEXPR":  # one of more dimensions has arrays for elements
        members = [shape_of(analysis, each, home) for each in behind["elements"] or []]
        return Array(one_of(members) if members else None, reason)
    kind = analysis.catalog.types.get(analysis.catalog.base(item))
    if kind is None or kind.name in JSON:
        return Unknown("what this array holds cannot be told")
    return Array(Scalar(item, None), reason)


# ---- choices ----


def _coalesce(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    found = []
    for arg in node["args"]:
        if not is_null_constant(arg):
            found.append(shape_of(analysis, arg, scope, known))
        if why(analysis, arg, scope, known) is None:
            break
    return one_of(found)


def _case(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    found = []
    for branch in node["args"]:
        here = known if node["arg"] else known | proven(analysis, branch["expr"], scope)
        if not is_null_constant(branch["result"]):
            found.append(shape_of(analysis, branch["result"], scope, here))
        if not node["arg"]:
            known |= refuted(analysis.catalog, branch["expr"])
    default = node["defresult"]
    if default is not None and not is_null_constant(default):
        found.append(shape_of(analysis, default, scope, known))
    return one_of(found)


def _sub_query(analysis: Analysis, node: Node, scope: Scope, _: Known) -> Shape:
    if node["subLinkType"] != _SCALAR_SUBLINK:
        return Unknown("what this sub-query makes cannot be told")
    return _of_query(analysis, node["subselect"], scope)


def _of_query(analysis: Analysis, query: Node, scope: Scope) -> Shape:
    """The first column of a query, whichever part of it a row is of."""
    if not query["setOperations"]:
        inner = scope_of(analysis, query, scope)
        return shape_of(analysis, targets(query)[0]["expr"], inner)
    parts = columns_of(analysis, query, scope)
    return one_of(shape_of(analysis, *columns[0]) for columns in parts)


# ---- the rest ----


def _cast(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    """From json to jsonb and back; any other cast reads a text."""
    oid = known_type(node["arg"])
    if oid is not None and analysis.catalog.types[analysis.catalog.base(oid)].name in JSON:
        return shape_of(analysis, node["arg"], scope, known)
    return Unknown("it is text that is read as JSON")


def _value(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    """`x FORMAT JSON`."""
    oid = known_type(node["raw_expr"])
    if oid is not None and analysis.catalog.types[analysis.catalog.base(oid)].name in JSON:
        return shape_of(analysis, node["raw_expr"], scope, known)
    return Unknown("it is text that is read as JSON")


def _literal(_: Analysis, node: Node, __: Scope, ___: Known) -> Shape:
    raw = node["constvalue"]
    text = None
    if isinstance(raw, bytes):
        text = _BINARY_LITERALS.get(raw[4:]) or raw[4:].decode(errors="replace").strip()
    return _LITERALS.get(text or "", Unknown("it is a literal with something in it"))


_HANDLERS: dict[str, Callable[[Analysis, Node, Scope, Known], Shape]] = {
    "VAR": _column,
    "CONST": _literal,
    "FUNCEXPR": _call,
    "AGGREF": _aggregate,
    "COALESCEEXPR": _coalesce,
    "CASEEXPR": _case,
    "SUBLINK": _sub_query,
    "JSONCONSTRUCTOREXPR": _constructor,
    "JSONVALUEEXPR": _value,
    "COERCEVIAIO": _cast,
    "RETURNINGEXPR": lambda a, n, s, k: shape_of(a, n["retexpr"], s, k),
    "PARAM": lambda *_: Unknown("it is a parameter"),
    "OPEXPR": lambda a, n, *_: Unknown(
        f"what operator {a.catalog.operators[n['opno']]} makes cannot be told"
    ),
}
