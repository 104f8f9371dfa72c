"""Organisation as data, availability, and how work is given out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIRST_TIERS = (
    (0, "Self-service", None, False),
    (1, "Frontline", "frontline", True),
    (2, "Technical", "technical", True),
    (3, "Experts", "experts", True),
    (4, "Vendors", "vendors", False),
)
FIRST_CHANNELS = (("api", 1), ("web", 1), ("email", 1), ("chat", 2), ("phone", 5), ("social", 1))


def upgrade() -> None:
    _organisation()
    _work()
    tiers = sa.table(
        "tiers",
        sa.column("number", sa.SmallInteger()),
        sa.column("name", sa.Text()),
        sa.column("team", sa.Text()),
        sa.column("staffed", sa.Boolean()),
    )
    op.bulk_insert(
        tiers,
        [
            {"number": number, "name": name, "team": team, "staffed": staffed}
            for number, name, team, staffed in FIRST_TIERS
        ],
    )
    channels = sa.table("channels", sa.column("name", sa.Text()), sa.column("weight", sa.SmallInteger()))
    op.bulk_insert(channels, [{"name": name, "weight": weight} for name, weight in FIRST_CHANNELS])


def _organisation() -> None:
    op.create_table(
        "tiers",
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("staffed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("overflow", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("tiers_pkey")),
    )
    op.create_table(
        "channels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("channels_pkey")),
    )
    op.create_table(
        "organisation_versions",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("organisation_versions_pkey")),
    )
    teams = (
        sa.Column("leads", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("push", sa.Text(), nullable=True),
        sa.Column("accept_within", sa.Interval(), server_default=sa.text("'2 minutes'"), nullable=False),
        sa.Column("idle_after", sa.Interval(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    for column in teams:
        op.add_column("teams", column)
    agents = (
        sa.Column(
            "skills", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("shifts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("availability", sa.Text(), server_default=sa.text("'offline'"), nullable=False),
        sa.Column("available_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
    )
    for column in agents:
        op.add_column("agents", column)


def _work() -> None:
    issues = (
        sa.Column("weight", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("queued_since", sa.DateTime(timezone=True), nullable=True),
    )
    for column in issues:
        op.add_column("issues", column)
    op.create_index(
        "issues_given", "issues", ["queue_agent"], unique=False, postgresql_where=sa.text("queue_agent IS NOT NULL")
    )
    op.create_table(
        "skips",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agent", "issue_id", name=op.f("skips_pkey")),
    )
    op.create_index(op.f("skips_until"), "skips", ["until"], unique=False)
    op.create_table(
        "overflowing",
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tier", name=op.f("overflowing_pkey")),
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
