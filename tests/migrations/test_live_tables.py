"""Migrations of tables that are in use: what they hold, what they leave to code of before."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests import database

BEFORE = "0f3ce04332d5"
"""From here on no migration holds a lock through a scan."""


@pytest.fixture
def scratch(server: database.Server, worker_id: str) -> Iterator[str]:
    """A database as it was then."""
    with database.clone(server, f"{worker_id}_live") as url:
        database.migrate(url, "downgrade", BEFORE)
        yield url


def steps(script: str) -> Iterator[tuple[bool, str]]:
    """Each statement, and whether a transaction goes on after it."""
    inside = False
    for statement in re.split(r";\n", re.sub(r"^--.*$", "", script, flags=re.MULTILINE)):
        text = " ".join(statement.split())
        if text in {"BEGIN", "COMMIT"}:
            inside = text == "BEGIN"
        elif text:
            yield inside, text


def test_no_lock_on_a_live_table_is_held_through_a_scan(database_url: str) -> None:
    script = database.migrate(database_url, "upgrade", f"{BEFORE}:head", "--sql")
    found = list(steps(script))
    made = {name for _, text in found for name in re.findall(r"^CREATE TABLE (\w+)", text)}
    assert len(found) > 10

    for inside, text in found:
        if built := re.match(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (\w+)", text):
            assert built[1] or built[2] in made, text
        if (altered := re.match(r"ALTER (?:TABLE|DOMAIN) (\w+)", text)) and altered[1] not in made:
            assert "ADD CONSTRAINT" not in text or text.endswith("NOT VALID"), text
            assert "VALIDATE" not in text or not inside, text
        assert not re.match("UPDATE (?!alembic_version)", text), text


def test_what_an_interrupted_migration_has_left_is_done_anew(scratch: str) -> None:
    with psycopg.connect(scratch, autocommit=True) as conn:
        conn.execute("CREATE INDEX invitation_email_key_idx ON invitation (email_key)")
        conn.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'invitation_email_key_idx'::regclass"
        )
        conn.execute("ALTER TABLE account ADD COLUMN erase_at timestamptz")
        conn.execute("ALTER TABLE account ADD CONSTRAINT account_erase_at_check CHECK (true)")

        database.migrate(scratch, "upgrade", "head")

        invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
        assert conn.execute(invalid).fetchall() == []
        unproved = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        assert conn.execute(unproved).fetchall() == []
    assert "No new upgrade operations detected" in database.migrate(scratch, "check")


INTERRUPTED = {
    "c7d1f0a5e2b9": {"team_member_team_id_joined_at_idx": ("team_member", "team_id")},
    "5ef1669ce300": {
        "account_created_at_idx": ("account", "created_at"),
        "account_email_prefix_idx": ("account", "email_key"),
        "account_username_prefix_idx": ("account", "username_key"),
        "audit_event_object_id_idx": ("audit_event", "object_id"),
        "audit_event_action_idx": ("audit_event", "action"),
        "audit_event_at_idx": ("audit_event", "at"),
    },
    "6b1f9d27c0ae": {"audit_event_key_id_idx": ("audit_event", "object_id")},
}
"""Table and column that such an index may be of, by the revision before it is built."""


@pytest.mark.parametrize("before", INTERRUPTED)
def test_no_migration_takes_an_index_that_came_to_no_end_for_its_own(
    server: database.Server, worker_id: str, before: str
) -> None:
    with database.clone(server, f"{worker_id}_ended") as url:
        database.migrate(url, "downgrade", before)
        with psycopg.connect(url, autocommit=True) as conn:
            for name, of in INTERRUPTED[before].items():
                conn.execute(
                    sql.SQL("CREATE INDEX {} ON {} ({})").format(*map(sql.Identifier, (name, *of)))
                )
                conn.execute(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
                    [name],
                )

            database.migrate(url, "upgrade", "head")

            invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
            assert conn.execute(invalid).fetchall() == []
        assert "No new upgrade operations detected" in database.migrate(url, "check")


def test_every_index_that_is_built_beside_writes_is_looked_for_first() -> None:
    scripts = database.ROOT / "alembic" / "scripts"
    builders = [
        script.name
        for script in scripts.glob("*.py")
        if "postgresql_concurrently" in script.read_text()
    ]
    assert builders == [], "use `index` of alembic/shared/live_tables.py"


def test_code_of_before_goes_on_to_mark_deletions(scratch: str) -> None:
    mark = "INSERT INTO account (email, status) VALUES (%s, 'deleting')"
    with psycopg.connect(scratch, autocommit=True) as conn:
        conn.execute(mark, ["ann@example.org"])

        database.migrate(scratch, "upgrade", "head")

        conn.execute(mark, ["bob@example.org"])
        assert conn.execute("SELECT count(*), count(erase_at) FROM account").fetchall() == [(2, 0)]


def test_a_column_that_takes_a_domain_is_not_rewritten(scratch: str) -> None:
    files = "SELECT relname, relfilenode FROM pg_class WHERE relname LIKE 'team%' ORDER BY 1"
    with psycopg.connect(scratch, autocommit=True) as conn:
        before = conn.execute(files).fetchall()

        database.migrate(scratch, "upgrade", "head")

        assert conn.execute(files).fetchall() == before
        for column, wrong, rule in (
            ("name", "", "team_name_length_check"),
            ("slug", "A B", "team_slug_format_check"),
            ("invitations_by", "viewer", "inviting_role_check"),
            ("default_invitation_role", "owner", "invited_role_check"),
        ):
            values = {"name": "Birds", column: wrong}
            query = sql.SQL("INSERT INTO team ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(map(sql.Literal, values.values())),
            )
            with pytest.raises(psycopg.errors.CheckViolation) as caught:
                conn.execute(query)
            assert caught.value.diag.constraint_name == rule
