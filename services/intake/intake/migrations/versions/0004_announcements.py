"""What customers are told before they ask, and whom it concerned."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=False),
        sa.Column("addressed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("announcement_pkey")),
    )
    op.create_index("announcement_undone", "announcement", ["id"], postgresql_where=sa.text("NOT done"))
    op.create_table(
        "announcement_customer",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("announcement_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "announcement_id", name=op.f("announcement_customer_pkey")),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
