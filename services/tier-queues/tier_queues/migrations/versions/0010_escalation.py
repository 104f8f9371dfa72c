"""Jobs are listed and cancelled; agents have addresses, teams steps of escalation; major incidents are listed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bulk_jobs", sa.Column("cancelled_by", sa.Text(), nullable=True))
    given = sa.text("command <> 'inform'")
    op.create_index("bulk_jobs_given_by", "bulk_jobs", ["asked_by", "id"], postgresql_where=given)
    op.add_column("agents", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("teams", sa.Column("escalation", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("issues", sa.Column("major", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("issues_major", "issues", ["id"], postgresql_where=sa.text("major"))


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
