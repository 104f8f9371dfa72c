"""Models and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("number", sa.Integer, sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("metrics", JSONB, nullable=False),
        sa.Column("manifest", sa.LargeBinary, nullable=False),
        sa.Column("arrays", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, server_default="0", nullable=False)
            for name in ("compared", "same_category", "same_tier", "abstained")
        ),
        sa.PrimaryKeyConstraint("number", name="model_pkey"),
    )
    op.create_index("model_version", "model", ["version"], unique=True)
    standing = sa.text("state IN ('active', 'shadow')")
    op.create_index("model_standing", "model", ["state"], unique=True, postgresql_where=standing)


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
