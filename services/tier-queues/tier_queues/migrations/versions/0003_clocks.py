"""Policies of promises, kept as versions; when the next promise will be broken."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEXT_BREACH = """
UPDATE issues SET breach_at = next.due_at, breach_clock = next.name
FROM issues AS open CROSS JOIN LATERAL (
    SELECT (clock->>'due_at')::timestamptz AS due_at, clock->>'name' AS name
    FROM jsonb_array_elements(open.body->'clocks') AS clock
    WHERE clock->>'due_at' IS NOT NULL AND jsonb_typeof(clock->'next_mark') = 'object'
    ORDER BY 1 LIMIT 1
) AS next
WHERE open.id = issues.id AND open.state IN ('queued', 'assigned', 'waiting')
"""
"""Open issues are foreseen from the first moment on, and not only once something has happened to them."""


def upgrade() -> None:
    op.create_table(
        "promise_policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calendars", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewed_to", sa.Uuid(), nullable=True),
        sa.Column("renewed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("promise_policies_pkey")),
    )
    op.create_table(
        "promise_calendars",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("calendar", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("promise_calendars_pkey")),
    )
    op.add_column("issues", sa.Column("breach_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("issues", sa.Column("breach_clock", sa.Text(), nullable=True))
    op.execute(NEXT_BREACH)
    op.create_index(
        "issues_breach",
        "issues",
        ["breach_at", "id"],
        unique=False,
        postgresql_where=sa.text("breach_at IS NOT NULL"),
        postgresql_include=["tier", "team"],
    )


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
