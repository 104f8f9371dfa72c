"""Reports: rows per measure, how far each timeline is read, and in which transaction an entry was written."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _timeline()
    _tables()
    op.create_index("report_rows_of_measure", "report_rows", ["measure", "at", "issue_id", "detail", "place"])
    op.execute("INSERT INTO report_walk DEFAULT VALUES")


def _timeline() -> None:
    # Two steps: entries that are there already keep none and are not rewritten, the walk over all issues reads them.
    op.add_column("timeline", sa.Column("tx", sa.BigInteger(), nullable=True))
    op.alter_column("timeline", "tx", server_default=sa.text("txid_current()"))
    op.create_index("timeline_tx", "timeline", ["tx"], postgresql_where=sa.text("tx IS NOT NULL"))


def _tables() -> None:
    op.create_table(
        "report_rows",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "measure", "detail", "place", name=op.f("report_rows_pkey")),
    )
    op.create_table(
        "report_courses",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("course", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("report_courses_pkey")),
    )
    op.create_table(
        "report_walk",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("next_tx", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("walked_to", sa.Uuid(), nullable=True),
        sa.Column("whole", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("report_walk_pkey")),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
