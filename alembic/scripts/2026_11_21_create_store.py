"""The store: submissions, answers, and the forms they were made with."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "f7785bef2941"
down_revision = "be73740e8246"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_revision_copy",
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("applet_id", "id", name=op.f("activity_revision_copy_pkey")),
        comment="store: the form that people answered; never changes",
    )
    op.create_table(
        "version_copy",
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("applet_id", "id", name=op.f("version_copy_pkey")),
        comment="store: the version that people answered; the store explains itself; never changes",
    )
    op.create_table(
        "submission",
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("applet_version_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("statement_timestamp()"),
            nullable=False,
        ),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'complete')", name=op.f("submission_status_check")),
        sa.ForeignKeyConstraint(
            ["applet_id", "applet_version_id"],
            ["version_copy.applet_id", "version_copy.id"],
            name=op.f("submission_applet_id_applet_version_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("applet_id", "id", name=op.f("submission_pkey")),
        comment="store: one sitting of one person",
    )
    op.create_index(
        "submission_applet_id_account_id_idx",
        "submission",
        ["applet_id", "account_id", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        "submission_applet_id_applet_version_id_idx",
        "submission",
        ["applet_id", "applet_version_id"],
        unique=False,
    )
    op.create_index(
        "submission_applet_id_received_at_idx",
        "submission",
        ["applet_id", "received_at", "id"],
        unique=False,
    )
    op.create_table(
        "answer",
        sa.Column("applet_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("activity_revision_id", sa.Uuid(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("part_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("statement_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("step > 0", name=op.f("answer_step_check")),
        sa.ForeignKeyConstraint(
            ["applet_id", "activity_revision_id"],
            ["activity_revision_copy.applet_id", "activity_revision_copy.id"],
            name=op.f("answer_applet_id_activity_revision_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["applet_id", "submission_id"],
            ["submission.applet_id", "submission.id"],
            name=op.f("answer_applet_id_submission_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("applet_id", "id", name=op.f("answer_pkey")),
        sa.UniqueConstraint(
            "applet_id",
            "submission_id",
            "step",
            name=op.f("answer_applet_id_submission_id_step_key"),
        ),
        comment="store: the answers of one activity inside a submission",
    )
    op.create_index(
        "answer_applet_id_activity_revision_id_idx",
        "answer",
        ["applet_id", "activity_revision_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("answer_applet_id_activity_revision_id_idx", table_name="answer")
    op.drop_table("answer")
    op.drop_index("submission_applet_id_received_at_idx", table_name="submission")
    op.drop_index("submission_applet_id_applet_version_id_idx", table_name="submission")
    op.drop_index("submission_applet_id_account_id_idx", table_name="submission")
    op.drop_table("submission")
    op.drop_table("version_copy")
    op.drop_table("activity_revision_copy")
