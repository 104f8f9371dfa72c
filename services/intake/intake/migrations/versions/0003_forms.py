"""Forms that customers are asked, and their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answers", JSONB),
        sa.PrimaryKeyConstraint("id", name="form_pkey"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="form_issue_id_fkey"),
    )
    op.create_index("form_of_issue", "form", ["issue_id", "asked_at", "id"])


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
