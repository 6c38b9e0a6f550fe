"""Reads the catalogue: a dozen queries, once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from sqlcheck.catalog import (
    Catalog,
    Choices,
    Column,
    Constraint,
    Function,
    Key,
    Type,
    UniqueKey,
    choices_of,
)
from sqlcheck.tree import Node, parse

Server = psycopg.Connection[TupleRow]

_FIRST_USER_OID = 16384

_TYPES = """
    SELECT t.oid::int, t.typname, t.typtype::text, t.typbasetype::int,
           CASE WHEN t.typcategory = 'A' THEN t.typelem::int ELSE 0 END,
           (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
              FROM pg_enum e
             WHERE e.enumtypid = t.oid),
           coalesce(r.rngsubtype::int, 0),
           (SELECT c.conbin::text
              FROM pg_constraint c
             WHERE c.contypid = t.oid AND c.contype = 'c'
             ORDER BY c.oid
             LIMIT 1),
           ARRAY(SELECT c.conname::text
                   FROM pg_constraint c
                  WHERE c.contypid = t.oid AND c.contype = 'c'),
           coalesce(t.typtype = 'd' AND obj_description(t.oid, 'pg_type') LIKE 'instant:%', false)
      FROM pg_type t
      LEFT JOIN pg_range r ON t.oid IN (r.rngtypid, r.rngmultitypid)
"""
_FUNCTIONS = """
    SELECT oid::int, proname, prosrc, pronamespace = 'pg_catalog'::regnamespace, proisstrict,
           proretset, provolatile = 'v',
           oid >= 16384 AND coalesce(obj_description(oid, 'pg_proc') LIKE 'total:%', false)
      FROM pg_proc
"""
_COLUMNS = """
    SELECT a.attrelid::int, a.attnum::int, c.relname, a.attname, a.atttypid::int,
           t.typnotnull OR a.attnotnull AND NOT EXISTS (
               SELECT
                 FROM pg_constraint n
                WHERE n.conrelid = a.attrelid AND n.contype = 'n'
                  AND n.conkey[1] = a.attnum AND NOT n.convalidated),
           CASE WHEN a.attidentity <> '' THEN 'identity'
                WHEN a.attgenerated <> '' THEN 'generated'
                ELSE coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault, '') END,
           CASE WHEN a.attgenerated <> '' THEN d.adbin::text END
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attrelid, a.attnum
"""
_TABLES = """
    SELECT c.oid::int, c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''),
           EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
      FROM pg_class c
     WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
"""
_KEYS = """
    SELECT i.indrelid::int, k.relname, (i.indkey::int2[])[0:i.indnkeyatts - 1]::int[],
           CASE WHEN i.indexprs IS NULL
                THEN (i.indkey::int2[])[0:i.indnkeyatts - 1]::int[]
                ELSE ARRAY(SELECT d.refobjsubid
                             FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                              AND d.refobjid = i.indrelid AND d.refobjsubid > 0) END,
           coalesce(c.oid::int, 0), i.indpred::text, coalesce(c.condeferred, false),
           i.indnullsnotdistinct
      FROM pg_index i
      JOIN pg_class k ON k.oid = i.indexrelid
      LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
     WHERE i.indisunique AND i.indrelid >= 16384
       AND k.relnamespace <> 'pg_toast'::regnamespace
     ORDER BY i.indrelid, k.relname
"""
_CONSTRAINTS = """
    SELECT conname, contype::text, conrelid::int,
           CASE contype
                WHEN 'x' THEN ARRAY(
                    SELECT d.refobjsubid
                      FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = conindid
                       AND d.refobjid = conrelid AND d.refobjsubid > 0
                     UNION
                    SELECT k FROM unnest(conkey) k WHERE k > 0)
                ELSE coalesce(conkey::int[], '{}') END,
           confrelid::int,
           coalesce(confkey::int[], '{}'), confdeltype::text, conbin::text, condeferred, oid::int
      FROM pg_constraint
     WHERE contype IN ('f', 'c', 'x') AND conrelid <> 0
     ORDER BY conrelid, conname
"""
_VIEWS = """
    SELECT ev_class::int, ev_action::text
      FROM pg_rewrite
     WHERE rulename = '_RETURN' AND ev_class >= 16384
"""
_PLAIN_INDEXES = """
    SELECT k.relname, t.relname, EXISTS (
               SELECT
                 FROM pg_constraint f
                WHERE f.conrelid = i.indrelid AND f.contype = 'f' AND f.conkey[1] = i.indkey[0])
      FROM pg_index i
      JOIN pg_class k ON k.oid = i.indexrelid
      JOIN pg_class t ON t.oid = i.indrelid
     WHERE NOT i.indisunique AND NOT i.indisexclusion AND i.indrelid >= 16384
       AND k.relnamespace <> 'pg_toast'::regnamespace
"""
_LEADING = """
    SELECT k.relname, a.attname
      FROM pg_index i
      JOIN pg_class k ON k.oid = i.indexrelid
      JOIN pg_am m ON m.oid = k.relam AND m.amname = 'btree'
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indrelid >= 16384
"""


def read_catalog(conn: Server) -> Catalog:
    """Read everything that is known of types, functions, tables and their constraints."""
    rows = conn.execute
    operators: dict[int, str] = dict(rows("SELECT oid::int, oprname FROM pg_operator").fetchall())
    constraints = [_constraint(row) for row in rows(_CONSTRAINTS)]
    columns = _columns(rows(_COLUMNS), _choices(constraints, operators))
    columns_of: dict[int, list[int]] = defaultdict(list)
    for relation, number in columns:
        columns_of[relation].append(number)
    keys: dict[int, list[UniqueKey]] = defaultdict(list)
    for relation, name, attributes, touched, oid, predicate, *flags in rows(_KEYS):
        tree = _tree(predicate)
        keys[relation].append(UniqueKey(name, tuple(attributes), tuple(touched), oid, tree, *flags))
    tables = rows(_TABLES).fetchall()
    types = {row[0]: _type(row, operators) for row in rows(_TYPES)}
    return Catalog(
        types=types,
        functions={row[0]: Function(*row[1:]) for row in rows(_FUNCTIONS)},
        operators=operators,
        columns=columns,
        columns_of=dict(columns_of),
        tables={row[0]: row[1] for row in tables},
        comments={row[0]: row[2] for row in tables},
        keys=dict(keys),
        constraints=_grouped(constraints, "table"),
        incoming=_grouped([each for each in constraints if each.kind == "f"], "target"),
        foreign=_foreign(constraints),
        views={row[0]: parse(row[1])[0] for row in rows(_VIEWS)},
        plain_indexes={
            name: table for name, table, is_needed in rows(_PLAIN_INDEXES) if not is_needed
        },
        leading=dict(rows(_LEADING).fetchall()),
        triggered=frozenset(row[0] for row in tables if row[3]),
        has_instants=any(each.is_instant for each in types.values()),
    )


def _tree(dump: str | None) -> Node | None:
    node: Node | None = parse(dump) if dump else None
    return node


def _type(row: TupleRow, operators: Mapping[int, str]) -> Type:
    _, name, kind, base, element, labels, subtype, check, checks, is_instant = row
    choices = choices_of(_tree(check), operators) if check else None
    return Type(
        name, kind, base, element, tuple(labels or ()), subtype, choices, tuple(checks), is_instant
    )


def _constraint(row: TupleRow) -> Constraint:
    name, kind, table, columns, target, target_columns, on_delete, check, is_deferred, oid = row
    return Constraint(
        name=name,
        kind=kind,
        table=table,
        columns=tuple(columns),
        target=target,
        target_columns=tuple(target_columns),
        on_delete=on_delete,
        condition=_tree(check) if table >= _FIRST_USER_OID else None,
        is_deferred=is_deferred,
        oid=oid,
    )


def _choices(constraints: Iterable[Constraint], operators: Mapping[int, str]) -> dict[Key, Choices]:
    found: dict[Key, Choices] = {}
    for each in constraints:
        if each.kind == "c" and len(each.columns) == 1:
            choices = choices_of(each.condition, operators)
            if choices is not None:
                key = (each.table, each.columns[0])
                found[key] = found.get(key, choices) & choices
    return found


def _columns(rows: Iterable[TupleRow], choices: Mapping[Key, Choices]) -> dict[Key, Column]:
    found: dict[Key, Column] = {}
    for relation, number, table, name, kind, not_null, default, generated in rows:
        key = (relation, number)
        found[key] = Column(
            table, name, kind, not_null, default, _tree(generated), choices.get(key)
        )
    return found


def _foreign(constraints: Iterable[Constraint]) -> dict[Key, Key]:
    """Single-column foreign keys win over the columns of composite ones."""
    found: dict[Key, Key] = {}
    for each in sorted(constraints, key=lambda one: -len(one.columns)):
        if each.kind == "f":
            for column, target in zip(each.columns, each.target_columns, strict=True):
                found[each.table, column] = (each.target, target)
    return found


def _grouped(constraints: Iterable[Constraint], by: str) -> dict[int, list[Constraint]]:
    found: dict[int, list[Constraint]] = defaultdict(list)
    for each in constraints:
        relation: Any = getattr(each, by)
        found[relation].append(each)
    return dict(found)
