"""Tags, watchers, jobs over many issues, and what is searched."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tags()
    _watches()
    _bulk()
    _search()


def _tags() -> None:
    op.add_column("issues", sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "issues_tagged",
        "issues",
        ["tags"],
        postgresql_using="gin",
        postgresql_ops={"tags": "jsonb_path_ops"},
        postgresql_where=sa.text("tags IS NOT NULL"),
    )


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agent", "issue_id", name=op.f("watches_pkey")),
    )
    op.create_index("watches_newest", "watches", ["agent", "since", "issue_id"])


def _bulk() -> None:
    op.create_table(
        "bulk_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_jobs_pkey")),
    )
    unfinished, finished = sa.text("finished_at IS NULL"), sa.text("finished_at IS NOT NULL")
    op.create_index("bulk_jobs_unfinished", "bulk_jobs", ["turn_at", "id"], postgresql_where=unfinished)
    op.create_index("bulk_jobs_finished", "bulk_jobs", ["finished_at"], postgresql_where=finished)
    op.create_table(
        "bulk_parts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_jobs.id"], name=op.f("bulk_parts_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "place", name=op.f("bulk_parts_pkey")),
    )
    refused = sa.text("problem IS NOT NULL")
    op.create_index("bulk_parts_refused", "bulk_parts", ["job_id", "place"], postgresql_where=refused)


def _search() -> None:
    op.create_table(
        "searchable",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("searchable_pkey")),
    )
    op.create_index("searchable_newest", "searchable", ["number"])
    op.create_index("searchable_of_account", "searchable", ["account", "number"])
    short = {"gin_pending_list_limit": "512"}
    op.create_index("searchable_words", "searchable", ["document"], postgresql_using="gin", postgresql_with=short)
    op.create_table(
        "search_walk",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("reached", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("earlier_to", sa.Uuid(), nullable=True),
        sa.Column("earlier_done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("search_walk_pkey")),
    )
    op.execute("INSERT INTO search_walk (earlier_done) SELECT NOT EXISTS (SELECT FROM issues)")


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
