"""The shape of JSON that a statement builds, against the model that is declared for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlcheck import matching
from sqlcheck.catalog import Catalog
from sqlcheck.facts import proven, returning_scope, scope_of
from sqlcheck.finding import Complaint
from sqlcheck.hints import Hint, core, element, is_model, is_optional, model_fields, origin, spell
from sqlcheck.nullness import NOTHING, Known, column, outputs, why
from sqlcheck.origins import origin as origin_of
from sqlcheck.origins import texts
from sqlcheck.results import label, paired
from sqlcheck.scopes import Analysis, Reason, Scope
from sqlcheck.tree import RELATION, SUBQUERY, Node, targets, text_of, type_of
from sqlcheck.variants import Variant

_BUILDS_OBJECT = frozenset(["jsonb_build_object", "json_build_object"])
_FROM_VALUE = frozenset(["to_jsonb", "to_json", "row_to_json"])
_COLLECTS = frozenset(["jsonb_agg", "json_agg"])
_OBJECT_CONSTRUCTOR = 1
_SCALAR_SUBLINK = 4


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object with these keys."""

    members: Mapping[str, tuple["Shape", Reason]]


@dataclass(frozen=True, slots=True)
class Array:
    """A JSON array of these."""

    item: "Shape"
    reason: Reason


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of this type, made JSON."""

    type: int
    choices: frozenset[str] | None


Shape = Object | Array | Scalar | None
"""None is unknown."""


def json_rules(variant: Variant) -> Iterator[Complaint]:
    """JSON that the statement builds fits the model that its field declares."""
    if variant.tree["setOperations"]:
        return
    catalog = variant.analysis.catalog
    scope = returning_scope(variant.analysis, variant.tree)
    for _, found, expression, declared in paired(variant):
        if catalog.types[found.type].name in matching.JSON:
            shape = shape_of(variant.analysis, expression, scope)
            for told in mismatches(catalog, shape, declared, label(variant, found.name)):
                yield Complaint("json", told, "", variant.offset(expression))


def shape_of(analysis: Analysis, node: Node, scope: Scope, known: Known = NOTHING) -> Shape:
    """What JSON an expression is."""
    behind, home = origin_of(analysis, node, scope)
    known = known if home is scope else NOTHING
    kind = behind["_"]
    if kind == "FUNCEXPR":
        return _of_call(analysis, behind, home, known)
    if kind == "JSONCONSTRUCTOREXPR":
        if behind["type"] == _OBJECT_CONSTRUCTOR:
            return _object(analysis, behind["args"] or [], home, known)
        return shape_of(analysis, behind["func"], home, known) if behind["func"] else None
    if kind == "AGGREF" and analysis.catalog.functions[behind["aggfnoid"]].name in _COLLECTS:
        item = behind["args"][0]["expr"]
        inside = proven(analysis, behind["aggfilter"], home)
        return Array(_row(analysis, item, home, inside), why(analysis, item, home, inside))
    if kind in ("COALESCEEXPR", "CASEEXPR", "SUBLINK"):
        return _chosen(analysis, behind, home, known)
    return _scalar(analysis, behind, home)


def _of_call(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    name = analysis.catalog.function_of(node).name
    if name in _BUILDS_OBJECT:
        return _object(analysis, node["args"] or [], scope, known)
    if name in _FROM_VALUE:
        return _row(analysis, node["args"][0], scope, known)
    return _scalar(analysis, node, scope)


def _chosen(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    """The first argument of COALESCE, the only branch of a CASE, the column of a sub-query."""
    if node["_"] == "COALESCEEXPR":
        return shape_of(analysis, node["args"][0], scope, known)
    if node["_"] == "CASEEXPR":
        branch = node["args"][0]
        if len(node["args"]) > 1 or branch["result"]["_"] == "CONST" or node["arg"]:
            return _scalar(analysis, node, scope)
        inside = known | proven(analysis, branch["expr"], scope)
        return shape_of(analysis, branch["result"], scope, inside)
    query = node["subselect"]
    if node["subLinkType"] != _SCALAR_SUBLINK or query["setOperations"]:
        return _scalar(analysis, node, scope)
    return shape_of(analysis, targets(query)[0]["expr"], scope_of(analysis, query, scope))


def _scalar(analysis: Analysis, node: Node, scope: Scope) -> Shape:
    kind = type_of(node)
    if analysis.catalog.types[analysis.catalog.base(kind)].name in matching.JSON:
        return None
    return Scalar(kind, texts(analysis, node, scope))


def _object(analysis: Analysis, args: list[Node], scope: Scope, known: Known) -> Shape:
    found: dict[str, tuple[Shape, Reason]] = {}
    for key, given in zip(args[::2], args[1::2], strict=True):
        name = text_of(key)
        if name is None:
            return None
        value = given["raw_expr"] if given["_"] == "JSONVALUEEXPR" else given
        reason = why(analysis, value, scope, known)
        found[name] = (_row(analysis, value, scope, known), reason)
    return Object(found)


def _row(analysis: Analysis, node: Node, scope: Scope, known: Known) -> Shape:
    """A whole row becomes an object of its columns; anything else has its own shape."""
    if node["_"] != "VAR" or node["varattno"]:
        return shape_of(analysis, node, scope, known)
    home = scope.up(node["varlevelsup"])
    entry = home.entry(node["varno"])
    if entry["rtekind"] == RELATION:
        return Object(
            {
                analysis.catalog.columns[entry["relid"], number].name: (
                    Scalar(
                        analysis.catalog.columns[entry["relid"], number].type,
                        analysis.catalog.columns[entry["relid"], number].choices,
                    ),
                    column(analysis, entry, number, home),
                )
                for number in analysis.catalog.columns_of[entry["relid"]]
            }
        )
    if entry["rtekind"] == SUBQUERY and not entry["subquery"]["setOperations"]:
        query = entry["subquery"]
        inner, reasons = scope_of(analysis, query, home), outputs(analysis, query, home)
        return Object(
            {
                target["resname"]: (shape_of(analysis, target["expr"], inner), reason)
                for target, reason in zip(targets(query), reasons, strict=True)
            }
        )
    return None


# ---- against a model ----

_AS_TEXT = frozenset(["uuid", "timestamptz", "timestamp", "date", "time", "timetz", "inet"])
_NOT_IN_JSON = frozenset(["interval", "bytea"])


def mismatches(catalog: Catalog, shape: Shape, hint: Hint, path: str) -> Iterator[str]:
    """Where the shape and the declared type part."""
    inner = core(hint)
    is_dict = (origin(inner) or inner) is dict and not isinstance(shape, Array)
    if shape is None or inner in (Any, object) or is_dict:
        return
    if isinstance(shape, Object):
        yield from _against_model(catalog, shape, inner, path)
    elif isinstance(shape, Array):
        item = element(inner)
        if item is None:
            yield f"{path} is a JSON array, not {spell(inner)}"
            return
        if shape.reason and not is_optional(item):
            yield f"{path}[] can be null: {shape.reason}"
        yield from mismatches(catalog, shape.item, item, f"{path}[]")
    else:
        yield from _against_scalar(catalog, shape, inner, path)


def _against_model(catalog: Catalog, shape: Object, inner: Hint, path: str) -> Iterator[str]:
    if not is_model(inner):
        yield f"{path} is a JSON object, not {spell(inner)}"
        return
    fields, required = model_fields(inner)
    for name, (value, reason) in shape.members.items():
        if name not in fields:
            yield f"{path}.{name} is not a field of {spell(inner)}"
            continue
        if reason and not is_optional(fields[name]):
            yield f"{path}.{name} can be null: {reason}"
        yield from mismatches(catalog, value, fields[name], f"{path}.{name}")
    for name in sorted(required - shape.members.keys()):
        yield f"{path} has no key `{name}`"


def _against_scalar(catalog: Catalog, shape: Scalar, inner: Hint, path: str) -> Iterator[str]:
    kind = catalog.types[catalog.base(shape.type)]
    if kind.name in _NOT_IN_JSON:
        yield f"{path} is {kind.name}, which JSON carries as text of PostgreSQL's own form"
    elif (inner is str and kind.name in _AS_TEXT) or (
        kind.name == "numeric" and inner in (int, float, Decimal)
    ):
        return
    elif told := matching.received(catalog, shape.type, inner, shape.choices):
        yield f"{path}: {told}"
