"""What must hold of every table, asked of PostgreSQL itself."""

from tests.conftest import Execute

# Alembic's and the queue's tables are theirs.
OURS = """
    WITH ours AS (
        SELECT pg_class.oid, pg_class.relname AS name,
               coalesce(obj_description(pg_class.oid, 'pg_class'), '') AS comment,
               starts_with(obj_description(pg_class.oid, 'pg_class'), 'store:') AS is_store
          FROM pg_class
         WHERE pg_class.relkind IN ('r', 'p')
           AND pg_class.relnamespace = 'public'::regnamespace
           AND pg_class.relname <> 'alembic_version'
           AND NOT starts_with(pg_class.relname, 'procrastinate_')
    ), key AS (
        SELECT pg_constraint.conname AS name, pg_constraint.contype AS kind,
               pg_constraint.confrelid AS target, ours.name AS table_name, ours.oid,
               ours.is_store, pg_constraint.conkey,
               (SELECT array_agg(pg_attribute.attname::text ORDER BY column_number.place)
                  FROM unnest(pg_constraint.conkey) WITH ORDINALITY
                       AS column_number (number, place)
                  JOIN pg_attribute ON pg_attribute.attrelid = pg_constraint.conrelid
                                   AND pg_attribute.attnum = column_number.number) AS columns
          FROM pg_constraint
          JOIN ours ON ours.oid = pg_constraint.conrelid
    )
"""


async def test_there_are_tables_of_both_kinds(execute: Execute) -> None:
    rows = await execute(OURS + "SELECT is_store, count(*) FROM ours GROUP BY 1 ORDER BY 1")

    assert [kind for kind, _ in rows] == [False, True]


async def test_every_table_says_where_it_belongs_and_what_it_holds(execute: Execute) -> None:
    rows = await execute(
        OURS + "SELECT name, comment FROM ours WHERE comment !~ '^(core|store): .{8,}$'"
    )

    assert rows == []


async def test_every_table_has_a_primary_key(execute: Execute) -> None:
    rows = await execute(
        OURS + "SELECT name FROM ours WHERE NOT EXISTS"
        " (SELECT FROM key WHERE key.oid = ours.oid AND key.kind = 'p')"
    )

    assert rows == []


async def test_every_foreign_key_has_an_index_that_starts_with_its_columns(
    execute: Execute,
) -> None:
    rows = await execute(
        OURS
        + """
        SELECT key.table_name, key.name
          FROM key
         WHERE key.kind = 'f'
           AND NOT EXISTS (
               SELECT
                 FROM pg_index
                WHERE pg_index.indrelid = key.oid
                  AND pg_index.indpred IS NULL
                  AND pg_index.indisvalid
                  AND (SELECT array_agg(number ORDER BY number)
                         FROM unnest((pg_index.indkey::int2[])[0:cardinality(key.conkey) - 1])
                              AS part (number))
                    = (SELECT array_agg(number ORDER BY number)
                         FROM unnest(key.conkey) AS part (number)))
        """
    )

    assert rows == []


async def test_no_column_is_of_a_type_that_we_do_not_use(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT ours.name, pg_attribute.attname, format_type(atttypid, atttypmod)
          FROM ours
          JOIN pg_attribute ON pg_attribute.attrelid = ours.oid
         WHERE pg_attribute.attnum > 0
           AND NOT pg_attribute.attisdropped
           AND (atttypid IN ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype,
                             'varchar'::regtype, 'bpchar'::regtype, 'json'::regtype,
                             'money'::regtype, 'xml'::regtype, 'real'::regtype)
                OR atttypmod <> -1 AND atttypid <> 'numeric'::regtype)
        """
    )

    assert rows == []


async def test_every_constraint_has_a_name_of_ours(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT name, kind::text, table_name, columns
          FROM key
         WHERE NOT CASE kind
               WHEN 'p' THEN name = table_name || '_pkey'
               WHEN 'u' THEN name = table_name || '_' || array_to_string(columns, '_') || '_key'
               WHEN 'f' THEN name = table_name || '_' || array_to_string(columns, '_') || '_fkey'
               WHEN 'c' THEN name ~ ('^' || table_name || '_[a-z0-9_]+_check$')
               WHEN 'n' THEN name = table_name || '_' || array_to_string(columns, '_')
                                    || '_not_null'
               WHEN 't' THEN name ~ ('^' || table_name || '_[a-z0-9_]+$')
               ELSE false END
        """
    )

    assert rows == []


async def test_every_index_has_a_name_of_ours(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT pg_class.relname
          FROM pg_index
          JOIN ours ON ours.oid = pg_index.indrelid
          JOIN pg_class ON pg_class.oid = pg_index.indexrelid
         WHERE NOT EXISTS (SELECT FROM pg_constraint
                            WHERE pg_constraint.conindid = pg_index.indexrelid)
           AND pg_class.relname !~ ('^' || ours.name || '_[a-z0-9_]+_idx$')
        """
    )

    assert rows == []


async def test_in_the_store_every_key_starts_with_the_applet(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT name, columns
          FROM key
         WHERE is_store
           AND kind IN ('p', 'u', 'f')
           AND columns[1] <> 'applet_id'
         UNION ALL
        SELECT pg_index.indexrelid::regclass::text, NULL
          FROM pg_index
          JOIN ours ON ours.oid = pg_index.indrelid
         WHERE ours.is_store
           AND pg_index.indisunique
           AND pg_get_indexdef(pg_index.indexrelid, 1, false) <> 'applet_id'
        """
    )

    assert rows == []


async def test_core_and_store_do_not_point_at_each_other(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT key.name
          FROM key
          JOIN ours AS target ON target.oid = key.target
         WHERE key.kind = 'f'
           AND key.is_store <> target.is_store
        """
    )

    assert rows == []


async def test_nothing_but_plpgsql_is_installed(execute: Execute) -> None:
    assert await execute("SELECT extname FROM pg_extension") == [("plpgsql",)]


async def test_identifiers_need_no_quotes(execute: Execute) -> None:
    rows = await execute(
        OURS
        + """
        SELECT ours.name, pg_attribute.attname
          FROM ours
          JOIN pg_attribute ON pg_attribute.attrelid = ours.oid
         WHERE pg_attribute.attnum > 0
           AND (quote_ident(ours.name) <> ours.name
                OR pg_attribute.attname !~ '^[a-z][a-z0-9_]*$')
        """
    )

    assert rows == []
