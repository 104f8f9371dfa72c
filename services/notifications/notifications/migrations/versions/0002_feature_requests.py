"""Which webhooks hear of feature requests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhook", sa.Column("feature_requests", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
