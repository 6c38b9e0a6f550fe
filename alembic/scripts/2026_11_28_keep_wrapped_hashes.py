"""Keep hashes of what other systems have kept of a password, with the recipe for that."""

from live_tables import check

from alembic import op

revision = "c41d90a7e6b3"
down_revision = "2f8c6d1b94ea"
branch_labels = None
depends_on = None

_PEPPER = r"(\$k=[A-Za-z0-9_.-]{1,32})?"
_RECIPE = r"(\$w=[a-z0-9-]+(,[0-9]+)*,[A-Za-z0-9_-]*)?"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        check("password", "password_hash_check", rf"hash ~ '^{_PEPPER}{_RECIPE}\$argon2id\$'")


def downgrade() -> None:
    # The code before cannot check these: who has one sets a new password by mail.
    op.execute(r"DELETE FROM password WHERE hash ~ '\$w='")
    with op.get_context().autocommit_block():
        check("password", "password_hash_check", rf"hash ~ '^{_PEPPER}\$argon2id\$'")
