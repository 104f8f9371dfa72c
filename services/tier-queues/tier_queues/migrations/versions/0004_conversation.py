"""Questions to others, mentions, drafts, guides, canned replies, macros; teams that work behind the scenes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    _consults()
    _mentions()
    _drafts()
    _catalogue()
    op.add_column(
        "teams", sa.Column("behind_the_scenes", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def _consults() -> None:
    op.create_table(
        "consults",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("symptoms", sa.Text(), nullable=False),
        sa.Column("tried", sa.Text(), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_by_name", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("consults_pkey")),
    )
    order = ["due_at", "id"]
    op.create_index("consults_open", "consults", order, postgresql_where=OPEN)
    op.create_index("consults_open_of_tier", "consults", ["tier", *order], postgresql_where=OPEN)
    op.create_index("consults_open_of_team", "consults", ["team", *order], postgresql_where=OPEN)
    op.create_index("consults_open_of_agent", "consults", ["agent", *order], postgresql_where=OPEN)
    op.create_index("consults_of_issue", "consults", ["issue_id", "asked_at", "id"])


def _mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agent", "issue_id", "version", name=op.f("mentions_pkey")),
    )
    op.create_index("mentions_newest", "mentions", ["agent", "at", "issue_id", "version"])


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "agent", name=op.f("drafts_pkey")),
    )
    op.create_index(op.f("drafts_updated_at"), "drafts", ["updated_at"])


def _catalogue() -> None:
    op.create_table(
        "catalogue",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "shelf", name=op.f("catalogue_pkey")),
    )
    op.create_index("catalogue_of_category", "catalogue", ["kind", "category", "name", "shelf"])


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
