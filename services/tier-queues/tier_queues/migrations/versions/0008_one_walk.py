"""One walk over the timeline feeds reports and search; each keeps how far it has read an issue."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("report_walk", "timeline_walk")
    op.execute("ALTER INDEX report_walk_pkey RENAME TO timeline_walk_pkey")
    op.drop_table("search_walk")
    # What was searchable is read again by the walk over all issues: until now nobody kept how far it was read.
    op.execute("TRUNCATE searchable")
    op.add_column("searchable", sa.Column("version", sa.Integer(), nullable=False))
    op.execute("UPDATE timeline_walk SET walked_to = NULL, whole = false")


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
