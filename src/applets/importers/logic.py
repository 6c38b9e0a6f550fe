"""When an item shows: from an expression to a condition of ours, where one says the same.

A condition of ours is a flat list under `any` or `all`. A formula is therefore kept in both forms
as far as it has them: `q1 > 0` over options 0 to 3 is any of three options, or all of one NOT.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from src.applets.importers.expressions import Effort, Tree, Unreadable, parse

Json = dict[str, object]
LIMIT = 1_000

_TURNED = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
_DENIED = {"==": "!=", "!=": "==", ">": "<=", "<": ">=", ">=": "<", "<=": ">"}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}


@dataclass(frozen=True, slots=True)
class Source:
    """An item that a condition may ask: `worths` gives what the source calls each option."""

    name: str
    type: str
    worths: Mapping[int, float | str]


@dataclass(frozen=True, slots=True)
class Formula:
    """A condition in the forms it has; those about the options of one item are kept as such."""

    any: list[Json] | None = None
    all: list[Json] | None = None
    chosen: tuple[Source, frozenset[int]] | None = None

    def tests(self, *, every: bool) -> list[Json] | None:
        """Return the tests of which all, or any, must hold; None when it has no such form."""
        if self.chosen is None:
            return self.all if every else self.any
        source, options = self.chosen
        if not every or len(options) == 1:
            return [_option(source, "EQUAL_TO_OPTION", value) for value in sorted(options)]
        others = [value for value in source.worths if value not in options]
        return [_option(source, "NOT_EQUAL_TO_OPTION", value) for value in others] or None


@dataclass(frozen=True, slots=True)
class Known:
    """What an expression may ask, and what it may cost."""

    sources: Mapping[str, Source]
    unusual: Sequence[str]
    effort: Effort


def condition(text: str, known: Known) -> Json:
    """Return the condition that an expression over these items means; raises `Unreadable`."""
    formula = _formula(parse(text, known.unusual, known.effort), known, denied=False)
    if formula.chosen is not None and not formula.chosen[1]:
        raise Unreadable("it is never true")
    every, some = formula.tests(every=True), formula.tests(every=False)
    if every is not None and (some is None or len(every) < len(some)):
        match, tests = "all", every
    elif some is not None:
        match, tests = "any", some
    else:
        raise Unreadable("it mixes `and` with `or`")
    if not 0 < len(tests) <= LIMIT:
        raise Unreadable("it is never true, or too long")
    return {"match": match, "conditions": tests}


def _formula(tree: Tree, known: Known, *, denied: bool) -> Formula:
    match tree:
        case ("not", tuple() as inner):
            return _formula(inner, known, denied=not denied)
        case ("and" | "or" as kind, list() as parts):
            formulas = [_formula(part, known, denied=denied) for part in parts]
            return _joined(formulas, every=(kind == "and") != denied)
        case (("==" | "!=" | ">" | ">=" | "<" | "<=") as sign, tuple() as left, tuple() as right):
            return _comparison(str(sign), left, right, known, denied=denied)
        case ("call", str() as name, list() as arguments) if name.endswith(".includes"):
            return _includes(name.removesuffix(".includes"), arguments, known, denied=denied)
        case ("name", str()):
            return _comparison("!=", tree, ("number", 0.0), known, denied=denied)
    raise Unreadable(f"{tree[0]!s} is not a condition")


def _joined(formulas: list[Formula], *, every: bool) -> Formula:
    """Join formulas by `and` or by `or`; those about the options of one item become one."""
    merged: dict[object, Formula] = {}
    for index, formula in enumerate(formulas):
        key = index if formula.chosen is None else formula.chosen[0].name
        earlier = merged.get(key)
        merged[key] = formula
        if formula.chosen is not None and earlier is not None and earlier.chosen is not None:
            source, options = formula.chosen
            before = earlier.chosen[1]
            both = before & options if every else before | options
            merged[key] = Formula(chosen=(source, both))
    if len(merged) == 1:
        return next(iter(merged.values()))
    flat: list[Json] = []
    for formula in merged.values():
        if every and formula.chosen is not None and not formula.chosen[1]:
            raise Unreadable("it is never true")
        tests = formula.tests(every=every)
        if tests is None:
            raise Unreadable("it mixes `and` with `or`")
        flat += tests
    return Formula(all=flat) if every else Formula(any=flat)


def _option(source: Source, operator: str, value: int) -> Json:
    return _test(source, operator, option_value=value)


def _test(source: Source, operator: str, **payload: object) -> Json:
    return {"item_name": source.name, "type": operator, "payload": payload}


def _single(test: Json) -> Formula:
    return Formula(any=[test], all=[test])


def _comparison(sign: str, left: Tree, right: Tree, known: Known, *, denied: bool) -> Formula:
    if left[0] != "name":
        left, right, sign = right, left, _TURNED[sign]
    if left[0] != "name":
        raise Unreadable("it compares something else than an item with a number")
    source = known.sources.get(str(left[1]))
    if source is None:
        raise Unreadable(f"{str(left[1])[:100]!r} is no earlier item")
    known.effort.spend(10 * len(source.worths))
    wanted = _constant(right)
    sign = _DENIED[sign] if denied else sign
    if source.type == "single_select":
        options = frozenset(
            value for value, worth in source.worths.items() if _holds(sign, worth, wanted)
        )
        return Formula(chosen=(source, options))
    if source.type == "multi_select":
        return _chosen(sign, source, wanted)
    if source.type in {"slider", "number_select"} and not isinstance(wanted, str):
        return _number(sign, source, wanted)
    raise Unreadable(f"an item of type {source.type} cannot be compared")


def _constant(tree: Tree) -> float | str:
    match tree:
        case ("number", float() as value):
            return value
        case ("negative", ("number", float() as value)):
            return -value
        case ("string", str() as text):
            return text
    raise Unreadable("it compares an item with something else than a number")


def _holds(sign: str, worth: float | str, wanted: float | str) -> bool:
    """Compare as JavaScript does: numbers in strings are numbers, other strings are only equal."""
    one, other = _number_in(worth), _number_in(wanted)
    if one is not None and other is not None:
        return _COMPARE[sign](one, other)
    if sign in {"==", "!="}:
        return (worth == wanted) == (sign == "==")
    return False


def _number_in(worth: float | str) -> float | None:
    if isinstance(worth, str):
        try:
            worth = float(worth)
        except ValueError:
            return None
    return worth if math.isfinite(worth) else None


def _chosen(sign: str, source: Source, wanted: float | str) -> Formula:
    if sign not in {"==", "!="}:
        raise Unreadable("a multiple choice cannot be compared by size")
    operator = "INCLUDES_OPTION" if sign == "==" else "NOT_INCLUDES_OPTION"
    for value, worth in source.worths.items():
        if _holds("==", worth, wanted):
            return _single(_test(source, operator, option_value=value))
    raise Unreadable(f"{source.name} has no such option")


def _includes(name: str, arguments: list[Tree], known: Known, *, denied: bool) -> Formula:
    source = known.sources.get(name)
    if source is None or source.type != "multi_select" or len(arguments) != 1:
        raise Unreadable(f"{name[:100]!r} is no earlier multiple choice")
    return _chosen("!=" if denied else "==", source, _constant(arguments[0]))


def _number(sign: str, source: Source, wanted: float) -> Formula:
    """The answers are whole, so `>= 3` is `> 2`."""
    whole = wanted == int(wanted)
    if sign in {">", "<="}:
        wanted = math.floor(wanted)
    elif sign in {"<", ">="}:
        wanted = math.ceil(wanted)
    elif not whole:
        raise Unreadable(f"{source.name} is never {wanted}")
    if abs(wanted) > 1e9:
        raise Unreadable("a number is too large")
    operator, value = {
        "==": ("EQUAL", wanted),
        "!=": ("NOT_EQUAL", wanted),
        ">": ("GREATER_THAN", wanted),
        ">=": ("GREATER_THAN", wanted - 1),
        "<": ("LESS_THAN", wanted),
        "<=": ("LESS_THAN", wanted + 1),
    }[sign]
    return _single(_test(source, operator, value=int(value)))
