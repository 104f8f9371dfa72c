"""Answers to forms, shown beside the decisions that they came after."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_answers",
        sa.Column("event", sa.Uuid, nullable=False),
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event", name="form_answers_pkey"),
    )
    op.create_index("form_answers_of_issue", "form_answers", ["issue_id", "at"])


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
