"""Until when support has promised to write."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issue", sa.Column("next_update_by", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
