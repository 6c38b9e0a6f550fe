"""Check what teams are made of by domains: PostgreSQL reads a table's checks anew at each insert.

The names of the rules stay. While they are exchanged, the table's and the domain's both hold.
"""

from live_tables import check, domain

from alembic import op

revision = "6b1f9d27c0ae"
down_revision = "b7d20c51e9f4"
branch_labels = None
depends_on = None

_LENGTH = "char_length({}) BETWEEN 1 AND 80"
_FORMAT = "{} ~ '^[a-z0-9-]{{3,50}}$'"
_INVITING = "{} IN ('admin', 'owner')"
_INVITED = "{} IN ('viewer', 'editor', 'admin')"
_ROLE = "{} IN ('viewer', 'editor', 'admin', 'owner')"

_CHECKS = (
    ("team", "name", "team_name_length_check", _LENGTH),
    ("team", "slug", "team_slug_format_check", _FORMAT),
    ("team", "invitations_by", "team_invitations_by_check", _INVITING),
    ("team", "default_invitation_role", "team_default_invitation_role_check", _INVITED),
    ("team_member", "role", "team_member_role_check", _ROLE),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        domain("team_name", {"team_name_length_check": _LENGTH.format("VALUE")}, {"team": "name"})
        domain("team_slug", {"team_slug_format_check": _FORMAT.format("VALUE")}, {"team": "slug"})
        domain(
            "inviting_role",
            {"inviting_role_check": _INVITING.format("VALUE")},
            {"team": "invitations_by"},
        )
        domain(
            "invited_role",
            {"invited_role_check": _INVITED.format("VALUE")},
            {"team": "default_invitation_role"},
        )
        _set_type_of_role("team_role")
        domain("team_role", {"team_role_check": _ROLE.format("VALUE")}, {})
        for table, _, name, _ in _CHECKS:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    _require_owner(quickly=True)


def downgrade() -> None:
    _require_owner(quickly=False)
    with op.get_context().autocommit_block():
        for table, column, name, rule in _CHECKS:
            check(table, name, rule.format(column))
        for table, column, _, _ in _CHECKS[:-1]:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE text")
        _set_type_of_role("text")
    for name in ("team_name", "team_slug", "inviting_role", "invited_role", "team_role"):
        op.execute(f"DROP DOMAIN {name}")


def _set_type_of_role(kind: str) -> None:
    """In one transaction: a trigger looks at the column, and must not be missed by any change."""
    op.execute(f"""
        DO $$ BEGIN
            IF to_regtype('{kind}') IS NULL THEN
                CREATE DOMAIN {kind} AS text;
            END IF;
            DROP TRIGGER IF EXISTS team_member_keeps_owner ON team_member;
            ALTER TABLE team_member ALTER COLUMN role TYPE {kind};
            CREATE CONSTRAINT TRIGGER team_member_keeps_owner
            AFTER UPDATE OF role, team_id OR DELETE ON team_member
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (old.role = 'owner')
            EXECUTE FUNCTION require_team_owner();
        END $$
    """)


def _require_owner(*, quickly: bool) -> None:
    """A new team has its owner as a rule: one look says so."""
    shortcut = """
            IF tg_op = 'INSERT' THEN
                PERFORM FROM team_member WHERE team_id = new.id AND role = 'owner';
                IF FOUND THEN
                    RETURN NULL;
                END IF;
            END IF;"""
    op.execute(f"""
        CREATE OR REPLACE FUNCTION require_team_owner() RETURNS trigger
        LANGUAGE plpgsql AS $$
        DECLARE
            owned uuid;
        BEGIN{shortcut if quickly else ""}
            IF tg_table_name = 'team' THEN
                owned := new.id;
            ELSE
                owned := old.team_id;
            END IF;
            IF tg_op <> 'INSERT' THEN
                PERFORM FROM team WHERE id = owned FOR NO KEY UPDATE;
            END IF;
            IF EXISTS (SELECT FROM team WHERE id = owned AND deleted_at IS NULL)
               AND NOT EXISTS (SELECT FROM team_member WHERE team_id = owned AND role = 'owner')
            THEN
                RAISE EXCEPTION 'a team has an owner'
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = 'team_has_owner', TABLE = tg_table_name;
            END IF;
            RETURN NULL;
        END $$
    """)
