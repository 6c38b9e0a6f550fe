"""PostgreSQL's own dump of an analysed query (`debug_print_parse`), as plain dicts and lists."""

import re
from collections.abc import Iterator
from typing import Any, Final

Node = dict[str, Any]
"""A node of the tree: its kind under "_", its fields under their names."""

SELECT: Final = 1
UPDATE: Final = 2
INSERT: Final = 3
DELETE: Final = 4
MERGE: Final = 5
UTILITY: Final = 6

RELATION: Final = 0
SUBQUERY: Final = 1
JOIN: Final = 2
FUNCTION: Final = 3
VALUES: Final = 5
CTE: Final = 6
RESULT: Final = 8
GROUP: Final = 9

INNER: Final = 0
LEFT: Final = 1
FULL: Final = 2
RIGHT: Final = 3

_TOKEN = re.compile(
    r'[(){}]|\[[^\]]*\]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\\])+',
    re.DOTALL,
)
_NUMBER = re.compile(r"-?\d+\Z")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORDS: dict[str, Any] = {"<>": None, "true": True, "false": False}
_LIST_MARKS = ("i", "o", "b")
_VARIABLE_LENGTH = -1
_C_STRING = -2


def parse(text: str) -> Any:
    """The node or list that a dump describes."""
    return _value(_TOKEN.findall(text), 0)[0]


def _value(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token == "{":  # noqa: S105  (no password)
        return _node(tokens, at + 1)
    if token == "(":  # noqa: S105  (no password)
        return _list(tokens, at + 1)
    return _atom(token), at + 1


def _node(tokens: list[str], at: int) -> tuple[Node, int]:
    node: Node = {"_": tokens[at]}
    at += 1
    while (field := tokens[at]) != "}":
        node[field[1:]], at = _value(tokens, at + 1)
        if tokens[at][0] == "[":  # a datum: its length came first, its bytes follow
            node[field[1:]] = bytes(int(byte) & 255 for byte in tokens[at][1:-1].split())
            at += 1
        while tokens[at] != "}" and tokens[at][0] != ":":  # a field of several atoms
            at += 1
    return node, at + 1


def _list(tokens: list[str], at: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while tokens[at] != ")":
        item, at = _value(tokens, at)
        items.append(item)
    if items and items[0] in _LIST_MARKS:  # integers, oids, a bitmap set
        del items[0]
    return items, at + 1


def _atom(token: str) -> Any:
    if token in _WORDS:
        return _WORDS[token]
    if token[0] == '"':
        return _ESCAPE.sub(r"\1", token[1:-1])
    if _NUMBER.match(token):
        return int(token)
    return _ESCAPE.sub(r"\1", token) if "\\" in token else token


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order of the dump."""
    for value in node.values():
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _members(value)


def _members(items: list[Any]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, dict):
            yield item
        elif isinstance(item, list):
            yield from _members(item)


def walk(node: Node, *, into_queries: bool = True) -> Iterator[Node]:
    """The node and everything below it; a query below it only if wanted."""
    yield node
    for child in children(node):
        if into_queries or child["_"] != "QUERY":
            yield from walk(child, into_queries=into_queries)


def conjuncts(condition: Node | None) -> list[Node]:
    """The parts of a condition that must all hold."""
    if condition is None:
        return []
    if condition["_"] == "BOOLEXPR" and condition["boolop"] == "and":
        return [part for argument in condition["args"] for part in conjuncts(argument)]
    return [condition]


def unwrapped(node: Node, *kinds: str) -> Node:
    """The expression under casts that leave the value what it is."""
    while node["_"] in (kinds or ("RELABELTYPE", "COERCETODOMAIN")):
        node = node["arg"]
    return node


def parameter(node: Node) -> int | None:
    """The number of the parameter that this expression is, casts aside."""
    node = unwrapped(
        node, "RELABELTYPE", "COERCEVIAIO", "COERCETODOMAIN", "ARRAYCOERCEEXPR", "COLLATEEXPR"
    )
    if node["_"] == "FUNCEXPR" and node["funcformat"] in (1, 2) and node["args"]:
        return parameter(node["args"][0])  # a cast that is a function, length coercion included
    return int(node["paramid"]) if node["_"] == "PARAM" and node["paramkind"] == 0 else None


def parameters(node: Node) -> set[int]:
    """The numbers of the parameters in an expression, sub-queries included."""
    return {
        int(inner["paramid"])
        for inner in walk(node)
        if inner["_"] == "PARAM" and inner["paramkind"] == 0
    }


def text_of(node: Node) -> str | None:
    """The value of a text constant."""
    node = unwrapped(node)
    if node["_"] != "CONST" or not isinstance(raw := node["constvalue"], bytes):
        return None
    if node["constlen"] == _VARIABLE_LENGTH:
        return raw[4:].decode()
    return raw[:-1].decode() if node["constlen"] == _C_STRING else None


def is_null_constant(node: Node) -> bool:
    """Whether the expression is a literal NULL."""
    node = unwrapped(node, "RELABELTYPE", "COERCETODOMAIN", "COERCEVIAIO")
    return bool(node["_"] == "CONST" and node["constisnull"])


def place_of(node: Node) -> int | None:
    """The first byte of the text that the node was read from."""
    places = [at for inner in walk(node) if (at := inner.get("location", -1)) >= 0]
    return min(places, default=None)


def targets(query: Node) -> list[Node]:
    """The entries of the target list that become result columns."""
    entries = query["targetList" if query["commandType"] == SELECT else "returningList"]
    return [entry for entry in entries or [] if not entry["resjunk"]]


_TYPE_FIELDS = {
    "VAR": "vartype",
    "CONST": "consttype",
    "PARAM": "paramtype",
    "FUNCEXPR": "funcresulttype",
    "OPEXPR": "opresulttype",
    "NULLIFEXPR": "opresulttype",
    "AGGREF": "aggtype",
    "WINDOWFUNC": "wintype",
    "COALESCEEXPR": "coalescetype",
    "CASEEXPR": "casetype",
    "MINMAXEXPR": "minmaxtype",
    "ARRAYEXPR": "array_typeid",
    "SQLVALUEFUNCTION": "type",
    "SUBSCRIPTINGREF": "refrestype",
    "ROWEXPR": "row_typeid",
    "MERGESUPPORTFUNC": "msftype",
}
_OF_ANOTHER = {
    "COLLATEEXPR": "arg",
    "JSONVALUEEXPR": "formatted_expr",
    "RETURNINGEXPR": "retexpr",
}
"""What has the type of an expression inside it."""
_BOOLEAN, _JSONB = 16, 3802
_SCALAR_SUBLINK = 4
_TESTS = frozenset(
    [
        "BOOLEXPR",
        "BOOLEANTEST",
        "NULLTEST",
        "SCALARARRAYOPEXPR",
        "DISTINCTEXPR",
        "ROWCOMPAREEXPR",
        "JSONISPREDICATE",
    ]
)


def known_type(node: Node) -> int | None:
    """The type of an expression; None where its kind is not known to have one."""
    kind = node["_"]
    if kind == "SUBLINK":
        if node["subLinkType"] == _SCALAR_SUBLINK:
            return known_type(targets(node["subselect"])[0]["expr"])
        return None if node["subLinkType"] >= _SCALAR_SUBLINK else _BOOLEAN
    if kind == "JSONCONSTRUCTOREXPR":
        return int(node["returning"]["typid"]) if node["returning"] else _JSONB
    if kind in _OF_ANOTHER:
        return known_type(node[_OF_ANOTHER[kind]])
    if kind in _TESTS:
        return _BOOLEAN
    found = node.get(_TYPE_FIELDS.get(kind, "resulttype"))
    return None if found is None else int(found)


def type_of(node: Node) -> int:
    """The type of an expression; boolean for kinds that are mostly tests."""
    found = known_type(node)
    return _BOOLEAN if found is None else found
