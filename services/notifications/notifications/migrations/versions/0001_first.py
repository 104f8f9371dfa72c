"""The first schema."""

import sqlalchemy as sa
from alembic import op

from shared.migrate import create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_shared_tables(op.get_bind())
    op.create_table(
        "recipient",
        sa.Column("issue", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("application", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("first", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("issue", name=op.f("recipient_pkey")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "early",
        sa.Column("issue", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issue", "version", name=op.f("early_pkey")),
    )
    op.create_table(
        "webhook",
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former_secret", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("application", name=op.f("webhook_pkey")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("issue", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "5000"},
    )
    waiting = "state = 'waiting' AND channel = "
    op.create_index("delivery_due_mail", "delivery", ["next_attempt_at"], postgresql_where=sa.text(f"{waiting}'mail'"))
    op.create_index(
        "delivery_due_webhook",
        "delivery",
        ["application", "next_attempt_at"],
        postgresql_where=sa.text(f"{waiting}'webhook'"),
    )
    op.create_index("delivery_of_issue", "delivery", ["issue", "position"])
    op.create_index("delivery_settled", "delivery", ["settled_at"], postgresql_where=sa.text("state <> 'waiting'"))
    op.create_index("delivery_failed", "delivery", ["position"], postgresql_where=sa.text("state = 'failed'"))


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
