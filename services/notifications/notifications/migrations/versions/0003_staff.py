"""Mails to members of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("delivery", "application", nullable=True)
    op.add_column("delivery", sa.Column("agent", sa.Text(), nullable=True))
    due = sa.text("state = 'waiting' AND channel = 'staff'")
    op.create_index("delivery_due_staff", "delivery", ["next_attempt_at"], postgresql_where=due)


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
