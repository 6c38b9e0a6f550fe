"""Who operates the platform, and what they look for: accounts by name, events by object."""

import sqlalchemy as sa
from live_tables import index
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "b7e2c4d81f36"
down_revision = "5ef1669ce300"
branch_labels = None
depends_on = None

_INDEXES = (
    ("account_created_at_idx", "account", ["created_at", "id"], None),
    ("account_email_prefix_idx", "account", ["email_key"], {"email_key": "text_pattern_ops"}),
    (
        "account_username_prefix_idx",
        "account",
        ["username_key"],
        {"username_key": "text_pattern_ops"},
    ),
    ("audit_event_object_id_idx", "audit_event", ["object_id", "id"], None),
    ("audit_event_action_idx", "audit_event", ["action", "id"], None),
    ("audit_event_at_idx", "audit_event", ["at"], None),
)


def upgrade() -> None:
    # First, and able to find themselves done: this commits what came before.
    with op.get_context().autocommit_block():
        for name, table, columns, ops in _INDEXES:
            index(name, table, columns, postgresql_ops=ops or {})
    op.create_table(
        "platform_role",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "granted_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('support', 'user_admin', 'admin')", name=op.f("platform_role_role_check")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("platform_role_account_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "role", name=op.f("platform_role_pkey")),
        comment="core: who operates the platform; a trigger keeps the last active admin",
    )
    op.create_index("platform_role_role_idx", "platform_role", ["role", "account_id"], unique=False)
    # Two admins who take each other's role at once must not both see the other stay: they take
    # turns, and each function looks anew once it is its turn.
    op.execute("""
        CREATE FUNCTION require_platform_admin() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            IF tg_table_name = 'account' THEN
                IF NOT EXISTS (SELECT FROM platform_role
                                WHERE account_id = new.id AND role = 'admin')
                THEN
                    RETURN NULL;
                END IF;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('platform admins', 0));
            IF NOT EXISTS (SELECT
                             FROM platform_role
                             JOIN account ON account.id = platform_role.account_id
                            WHERE platform_role.role = 'admin'
                              AND account.status = 'active')
            THEN
                RAISE EXCEPTION 'a platform that has an admin keeps one'
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = tg_name, TABLE = tg_table_name;
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER platform_role_keeps_admin
        AFTER UPDATE OR DELETE ON platform_role
        FOR EACH ROW WHEN (old.role = 'admin')
        EXECUTE FUNCTION require_platform_admin()
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER account_keeps_platform_admin
        AFTER UPDATE OF status ON account
        FOR EACH ROW WHEN (old.status = 'active' AND new.status <> 'active')
        EXECUTE FUNCTION require_platform_admin()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER account_keeps_platform_admin ON account")
    op.execute("DROP TRIGGER platform_role_keeps_admin ON platform_role")
    op.execute("DROP FUNCTION require_platform_admin()")
    op.drop_table("platform_role")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
