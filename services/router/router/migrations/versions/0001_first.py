"""The first schema: shared tables, decisions, corrections that came early."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.migrate import create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_shared_tables(op.get_bind())
    op.create_table(
        "decision",
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("decision", sa.Uuid, nullable=False),
        sa.Column("submission_event", sa.Uuid, nullable=False),
        sa.Column("submission", JSONB),
        sa.Column("routing", JSONB, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "revision", name="decision_pkey"),
    )
    op.create_table(
        "early_correction",
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "revision", name="early_correction_pkey"),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
