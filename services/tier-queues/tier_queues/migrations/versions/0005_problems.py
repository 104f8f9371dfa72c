"""Problems, known errors and feature requests; releases and bulletins; the words of issues."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _problems()
    _news()
    _releases()


def _problems() -> None:
    op.create_table(
        "problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("problems_pkey")),
        sa.UniqueConstraint("number", name=op.f("problems_number_key")),
    )
    op.create_index("problems_by_kind", "problems", ["kind", "number"])
    op.create_index("problems_by_state", "problems", ["state", "number"])
    op.create_index("problems_by_product", "problems", ["product", "number"])
    op.create_index("problems_of_release", "problems", ["release_id", "number"])
    op.create_index("problems_words", "problems", ["words"], postgresql_using="gin")
    op.create_table(
        "problem_history",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("problem_id", "version", name=op.f("problem_history_pkey")),
    )
    op.create_table(
        "problem_links",
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("customer", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("problem_id", "issue_id", name=op.f("problem_links_pkey")),
    )
    op.create_index("problem_links_of_account", "problem_links", ["problem_id", "account", "customer"])


def _news() -> None:
    op.create_table(
        "problem_news",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("resolve", sa.Boolean(), nullable=False),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("problem_news_pkey")),
    )
    op.create_table(
        "problem_news_untold",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("news_id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("problem_news_untold_pkey")),
    )


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_by_name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("releases_pkey")),
    )
    op.create_index("releases_of_product", "releases", ["product", "name"], unique=True)
    op.create_index("releases_newest", "releases", ["released_at", "id"])
    op.create_index("releases_newest_of_product", "releases", ["product", "released_at", "id"])
    op.create_table(
        "bulletins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tiers", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("bulletins_pkey")),
    )
    op.create_index("bulletins_newest", "bulletins", ["at", "id"])
    op.create_table(
        "bulletin_acknowledgements",
        sa.Column("bulletin_id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bulletin_id", "agent", name=op.f("bulletin_acknowledgements_pkey")),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
