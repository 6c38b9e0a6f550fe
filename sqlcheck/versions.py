"""What each version of PostgreSQL brought, for statements that must also run on an older one."""

import re
from collections.abc import Iterator

from sqlcheck.tree import MERGE, SUBQUERY, Node

_FUNCTIONS = {
    16: """
        any_value array_sample array_shuffle date_add date_subtract erf erfc json_agg_strict
        json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
        jsonb_agg_strict jsonb_object_agg_strict jsonb_object_agg_unique
        jsonb_object_agg_unique_strict pg_input_error_info pg_input_is_valid random_normal
        system_user
        """,
    17: """
        icu_unicode_version jsonb_populate_record_valid pg_basetype to_bin to_oct to_regtypemod
        unicode_assigned unicode_version uuid_extract_timestamp uuid_extract_version xmltext
        """,
    18: """
        array_reverse array_sort casefold crc32 crc32c gamma lgamma pg_get_acl uuidv4 uuidv7
        """,
}
FUNCTIONS = {name: version for version, names in _FUNCTIONS.items() for name in names.split()}
"""By name, where all functions of that name are as new."""

OVERLOADS = {
    6274: (16, "generate_series(timestamptz, timestamptz, interval, text)"),
    6334: (17, "AT LOCAL"),
    6335: (17, "AT LOCAL"),
    6336: (17, "AT LOCAL"),
    6339: (17, "random(min, max)"),
    6340: (17, "random(min, max)"),
    6341: (17, "random(min, max)"),
    6367: (18, "an integer as bytea"),
    6368: (18, "an integer as bytea"),
    6369: (18, "an integer as bytea"),
    6370: (18, "bytea as an integer"),
    6371: (18, "bytea as an integer"),
    6372: (18, "bytea as an integer"),
    6373: (18, "max(record)"),
    6374: (18, "min(record)"),
    6382: (18, "reverse(bytea)"),
    6395: (18, "max(bytea)"),
    6396: (18, "min(bytea)"),
}
"""By number, which never changes, where an older function has the same name."""

_STRIP_NULLS = frozenset([3261, 3262])
_CONSTRUCTORS = {
    1: (16, "JSON_OBJECT"),
    2: (16, "JSON_ARRAY"),
    3: (16, "JSON_OBJECTAGG"),
    4: (16, "JSON_ARRAYAGG"),
    5: (17, "JSON()"),
    6: (17, "JSON_SCALAR"),
    7: (17, "JSON_SERIALIZE"),
}
_QUERIES = ("JSON_EXISTS", "JSON_QUERY", "JSON_VALUE", "JSON_TABLE")
CALLS = {"FUNCEXPR": "funcid", "AGGREF": "aggfnoid", "WINDOWFUNC": "winfnoid"}
"""Nodes that call a function, and the field that says which."""

_NODES = {
    "JSONISPREDICATE": (16, "IS JSON"),
    "TABLEFUNC": (17, "JSON_TABLE"),
    "MERGESUPPORTFUNC": (17, "merge_action()"),
    "VAR": (18, "RETURNING old and new"),
}
_BY_SOURCE = 1
_JSON_TABLE = 1

_WRITTEN = (
    (16, "a number with _", re.compile(r"(?<![\w$.\"])\d+(?:_\d+)+")),
    (16, "a number in base 2, 8 or 16", re.compile(r"(?<![\w$.\"])0[xXoObB]_?[0-9a-fA-F]")),
    (17, "COPY ... ON_ERROR", re.compile(r"\b(?:ON_ERROR|LOG_VERBOSITY)\b", re.IGNORECASE)),
    (18, "COPY ... REJECT_LIMIT", re.compile(r"\bREJECT_LIMIT\b", re.IGNORECASE)),
)
"""What only the text shows: newer spellings, outside quotes and comments."""

_QUOTED = (
    (
        17,
        "a method of jsonpath",
        re.compile(
            r"'[^']*\$[^']*\.(?:bigint|boolean|date|decimal|integer|number|string|time|time_tz"
            r"|timestamp|timestamp_tz)\s*\([^']*'"
        ),
    ),
    (
        17,
        "an infinite interval",
        re.compile(r"'[+-]?infinity'\s*::\s*interval|interval\s+'[+-]?infinity'", re.IGNORECASE),
    ),
)
"""The same inside quotes."""

New = tuple[int, str]
"""The version that brought something, and what."""


def new_in_text(text: str, blank: str) -> Iterator[tuple[New, int]]:
    """Newer spellings, each with its place; `blank` is the text without quotes and comments."""
    for where, table in ((blank, _WRITTEN), (text, _QUOTED)):
        for version, what, pattern in table:
            if found := pattern.search(where):
                yield (version, what), found.start()


def new_node(node: Node, name: str) -> New | None:
    """What is new about a node of an analysed query; `name` is that of a function it calls."""
    kind = node["_"]
    if kind in CALLS:
        return _call(node, node[CALLS[kind]], name)
    if kind == "JSONCONSTRUCTOREXPR":
        return _CONSTRUCTORS.get(node["type"])
    if kind == "JSONEXPR":
        return 17, _QUERIES[node["op"]]
    is_new = (
        (kind == "TABLEFUNC" and node["functype"] == _JSON_TABLE)
        or (kind == "VAR" and node["varreturningtype"] > 0)
        or kind in ("JSONISPREDICATE", "MERGESUPPORTFUNC")
    )
    return _NODES[kind] if is_new else None


def _call(node: Node, oid: int, name: str) -> New | None:
    if oid in OVERLOADS:
        return OVERLOADS[oid]
    if oid in _STRIP_NULLS and len(node["args"]) > 1:
        return 18, f"{name} of arrays"
    return (FUNCTIONS[name], f"{name}()") if name in FUNCTIONS else None


def new_query(query: Node, *, is_outermost: bool) -> Iterator[New]:
    """What is new about one level of a query."""
    if query["commandType"] == MERGE:
        if query["returningList"]:
            yield 17, "MERGE ... RETURNING"
        if any(action["matchKind"] == _BY_SOURCE for action in query["mergeActionList"]):
            yield 17, "WHEN NOT MATCHED BY SOURCE"
        if not is_outermost:
            yield 17, "MERGE inside WITH"
    for entry in query["rtable"] or []:
        unnamed = entry["rtekind"] == SUBQUERY and entry["alias"] is None
        if unnamed and entry["inFromCl"]:
            yield 16, "a sub-query in FROM without a name"
