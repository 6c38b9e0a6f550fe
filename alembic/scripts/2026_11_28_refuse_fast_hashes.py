"""Refuse hashes of passwords that are quick to guess by."""

from alembic import op

revision = "5d0e7c1f9a42"
down_revision = "5e2a1eeb345c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        r"""
        ALTER TABLE password
          ADD CONSTRAINT password_hash_check
              CHECK (hash ~ '^(\$k=[A-Za-z0-9_.-]{1,32})?\$argon2id\$') NOT VALID
        """
    )
    op.execute("ALTER TABLE password VALIDATE CONSTRAINT password_hash_check")


def downgrade() -> None:
    op.drop_constraint(op.f("password_hash_check"), "password", type_="check")
