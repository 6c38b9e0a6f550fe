"""Refuse hashes of passwords that are quick to guess by."""

from live_tables import check

from alembic import op

revision = "5d0e7c1f9a42"
down_revision = "5e2a1eeb345c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        check(
            "password",
            "password_hash_check",
            r"hash ~ '^(\$k=[A-Za-z0-9_.-]{1,32})?\$argon2id\$'",
        )


def downgrade() -> None:
    op.drop_constraint(op.f("password_hash_check"), "password", type_="check")
