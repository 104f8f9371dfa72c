"""The first schema, and the teams that the router's first policy names."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FIRST_TEAMS = (("frontline", [1]), ("technical", [2]), ("experts", [3]), ("vendors", [4]))


def upgrade() -> None:
    create_shared_tables(op.get_bind())
    op.create_table(
        "agents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tiers", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("teams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("agents_pkey")),
    )
    op.create_table(
        "early_facts",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fact", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("early_facts_pkey")),
    )
    op.create_index(op.f("early_facts_issue_id"), "early_facts", ["issue_id"], unique=False)
    op.create_table(
        "issues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("unseen", sa.Boolean(), nullable=False),
        sa.Column("triage", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("queue_tier", sa.SmallInteger(), nullable=True),
        sa.Column("queue_team", sa.Text(), nullable=True),
        sa.Column("queue_agent", sa.Text(), nullable=True),
        sa.Column("members_only", sa.Boolean(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timer_tier", sa.SmallInteger(), nullable=False),
        sa.Column("next_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("issues_pkey")),
        sa.UniqueConstraint("number", name=op.f("issues_number_key")),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index(
        "issues_at_work",
        "issues",
        ["tier", "state", "priority", "deadline", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('assigned', 'waiting')"),
    )
    op.create_index(
        "issues_due", "issues", ["next_due"], unique=False, postgresql_where=sa.text("next_due IS NOT NULL")
    )
    op.create_index(
        "issues_ended",
        "issues",
        ["tier", "state", "ended_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('resolved', 'closed')"),
    )
    op.create_index(
        "issues_owned",
        "issues",
        ["owner", "priority", "deadline", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('assigned', 'waiting')"),
    )
    op.create_index(
        "issues_queue",
        "issues",
        ["queue_tier", "priority", "deadline", "id"],
        unique=False,
        postgresql_where=sa.text("queue_tier IS NOT NULL"),
    )
    op.create_index(
        "issues_queue_by_category",
        "issues",
        ["queue_tier", "category", "priority", "deadline", "id"],
        unique=False,
        postgresql_where=sa.text("queue_tier IS NOT NULL"),
    )
    op.create_index(
        "issues_queue_of_team",
        "issues",
        ["queue_tier", "queue_team", "priority", "deadline", "id"],
        unique=False,
        postgresql_where=sa.text("queue_tier IS NOT NULL"),
    )
    op.create_table(
        "teams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tiers", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("teams_pkey")),
    )
    op.create_table(
        "tier_processes",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("tiers", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("instance", name=op.f("tier_processes_pkey")),
    )
    op.create_table(
        "timeline",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fact", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "version", name=op.f("timeline_pkey")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent"], ["agents.id"], name=op.f("sessions_agent_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
    )
    op.create_index(op.f("sessions_agent"), "sessions", ["agent"], unique=False)
    op.create_index(op.f("sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    teams = sa.table("teams", sa.column("name", sa.Text()), sa.column("tiers", postgresql.ARRAY(sa.SmallInteger())))
    op.bulk_insert(teams, [{"name": name, "tiers": tiers} for name, tiers in FIRST_TEAMS])


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
