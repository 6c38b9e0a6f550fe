"""The way up, all the way down, and up again; and that the models say what the way up makes."""

import psycopg
import pytest

from src import migrations
from src.database.bootstrap import current_revision
from tests import database

# Everything that PostgreSQL knows of the schema, in words without object ids.
CATALOGUE = """
    SELECT 'column', attrelid::regclass::text, attname::text,
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attgenerated,
                     attidentity, collname, pg_get_expr(adbin, adrelid))
      FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      LEFT JOIN pg_collation ON pg_collation.oid = attcollation
     WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
     UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
      FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
    SELECT 'function', '', oid::regprocedure::text, pg_get_functiondef(oid)
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
     UNION ALL
    SELECT 'type', '', typname, concat_ws(' ', typtype,
           (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder)
              FROM pg_enum WHERE enumtypid = pg_type.oid))
      FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
     UNION ALL
    SELECT 'comment', objoid::regclass::text, objsubid::text, description
      FROM pg_description WHERE classoid = 'pg_class'::regclass
       AND objoid::regclass::text !~ '^(pg_|information_schema)'
     UNION ALL
    SELECT 'sequence', '', sequencename, data_type::text
      FROM pg_sequences WHERE schemaname = 'public'
     ORDER BY 1, 2, 3, 4
"""


def catalogue(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(CATALOGUE).fetchall()


@pytest.fixture
def scratch(server: database.Server, worker_id: str) -> str:
    return f"{worker_id}_scratch"


def test_down_and_up_again_leads_to_the_same_place(server: database.Server, scratch: str) -> None:
    with database.clone(server, scratch) as url, database.empty(server, f"{scratch}_0") as bare:
        above = catalogue(url)
        assert len(above) > 100

        database.migrate(url, "downgrade", "base")
        left = [row for row in catalogue(url) if "alembic_version" not in str(row)]
        assert left == catalogue(bare)
        assert current_revision(url) is None

        database.migrate(url, "upgrade", "head")
        assert catalogue(url) == above
        assert current_revision(url) == migrations.head()


def test_the_models_say_what_the_migrations_make(database_url: str) -> None:
    assert "No new upgrade operations detected" in database.migrate(database_url, "check")


def test_the_head_is_the_one_that_alembic_finds(database_url: str) -> None:
    assert current_revision(database_url) == migrations.head()
