"""Policies, kept as versions; what agents confirmed; the audit sample; how much is decided without a person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _policies()
    _confirmed()
    op.create_table(
        "coverage",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided", sa.BigInteger, nullable=False),
        sa.Column("automatic", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hour", name="coverage_pkey"),
    )


def _policies() -> None:
    op.create_table(
        "policy",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("version", name="policy_pkey"),
    )
    active = sa.text("state = 'active'")
    op.create_index("policy_active", "policy", ["state"], unique=True, postgresql_where=active)


def _confirmed() -> None:
    op.create_table(
        "confirmed_label",
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("confirmed_by", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name="confirmed_label_pkey"),
    )
    op.create_table(
        "audit",
        sa.Column("issue_id", sa.Uuid, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("confirmed_category", sa.Text),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("issue_id", name="audit_pkey"),
    )
    waiting, answered = sa.text("confirmed_at IS NULL"), sa.text("confirmed_at IS NOT NULL")
    op.create_index("audit_waiting", "audit", ["issue_id"], postgresql_where=waiting)
    op.create_index("audit_answered", "audit", ["confirmed_at"], postgresql_where=answered)


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
