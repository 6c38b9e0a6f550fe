"""What teams live by: addresses, settings, an end that can be undone, and never without an owner.

Adding the column `slug` rewrites the table once. Teams that are there already, and those that older
code adds meanwhile, get an address made of random digits; their admins may choose another.
"""

import sqlalchemy as sa
from live_tables import index
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "a3f6c19e7d42"
down_revision = "c7d1f0a5e2b9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # First, and able to find itself done: it commits what came before it.
    with op.get_context().autocommit_block():
        index(
            "team_member_team_id_joined_at_idx",
            "team_member",
            ["team_id", "joined_at", "account_id"],
        )
    op.add_column(
        "team",
        sa.Column(
            "slug",
            sa.Text(),
            server_default=sa.text("'team-' || replace(gen_random_uuid()::text, '-', '')"),
            nullable=False,
        ),
    )
    op.add_column("team", sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False))
    op.add_column("team", sa.Column("locale", sa.Text(), server_default="en", nullable=False))
    op.add_column(
        "team", sa.Column("invitations_by", sa.Text(), server_default="admin", nullable=False)
    )
    op.add_column(
        "team",
        sa.Column("default_invitation_role", sa.Text(), server_default="viewer", nullable=False),
    )
    op.add_column("team", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column(
        "team", sa.Column("deleted_at", postgresql.TIMESTAMP(timezone=True), nullable=True)
    )
    op.create_unique_constraint(op.f("team_slug_key"), "team", ["slug"])
    for name, rule in (
        ("slug_format", "slug ~ '^[a-z0-9-]{3,50}$'"),
        ("invitations_by", "invitations_by IN ('admin', 'owner')"),
        ("default_invitation_role", "default_invitation_role IN ('viewer', 'editor', 'admin')"),
    ):
        op.create_check_constraint(op.f(f"team_{name}_check"), "team", rule)
    op.create_index(
        "team_deleted_at_idx",
        "team",
        ["deleted_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    # Two owners who leave at once must not both see the other stay: the team's row is the queue.
    # Whichever of its triggers finds a team without an owner, `team_has_owner` is what it violates.
    op.execute("""
        CREATE FUNCTION require_team_owner() RETURNS trigger
        LANGUAGE plpgsql AS $$
        DECLARE
            owned uuid;
        BEGIN
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
    op.execute("""
        CREATE CONSTRAINT TRIGGER team_has_owner
        AFTER INSERT OR UPDATE OF deleted_at ON team
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.deleted_at IS NULL)
        EXECUTE FUNCTION require_team_owner()
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER team_member_keeps_owner
        AFTER UPDATE OF role, team_id OR DELETE ON team_member
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (old.role = 'owner')
        EXECUTE FUNCTION require_team_owner()
    """)
    # What a statement sees is settled before it waits; a function that waits looks anew.
    op.execute("""
        CREATE FUNCTION count_owned_teams(account_id uuid) RETURNS bigint
        LANGUAGE plpgsql VOLATILE STRICT AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('owned teams ' || account_id, 0));
            -- No join: its plan would be kept from when there were few teams.
            RETURN (SELECT count(*)
                      FROM team_member
                     WHERE team_member.account_id = $1
                       AND team_member.role = 'owner'
                       AND (SELECT deleted_at IS NULL FROM team WHERE id = team_member.team_id));
        END $$
    """)
    op.execute("""
        COMMENT ON FUNCTION count_owned_teams(uuid)
        IS 'total: live teams that the account owns; who asks next for it waits until this commits'
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION count_owned_teams(uuid)")
    op.execute("DROP TRIGGER team_member_keeps_owner ON team_member")
    op.execute("DROP TRIGGER team_has_owner ON team")
    op.execute("DROP FUNCTION require_team_owner()")
    op.drop_index(
        "team_deleted_at_idx", table_name="team", postgresql_where=sa.text("deleted_at IS NOT NULL")
    )
    for name in (
        "deleted_at",
        "version",
        "default_invitation_role",
        "invitations_by",
        "locale",
        "time_zone",
        "slug",
    ):
        op.drop_column("team", name)
    op.drop_index("team_member_team_id_joined_at_idx", table_name="team_member")
