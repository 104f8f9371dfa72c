"""What customers have, so that announcements reach who never asked; what they say of the answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer", sa.Column("products", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("announcement", sa.Column("reached_customer", sa.Uuid(), nullable=True))
    op.create_table(
        "rating",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name="rating_pkey"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="rating_issue_id_fkey"),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
