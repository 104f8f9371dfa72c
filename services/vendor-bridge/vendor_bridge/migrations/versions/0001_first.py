"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrate import create_shared_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_shared_tables(op.get_bind())
    op.create_table(
        "callback",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conflicts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("vendor", "id", name=op.f("callback_pkey")),
    )
    op.create_index(op.f("callback_received_at"), "callback", ["received_at"], unique=False)
    op.create_table(
        "vendor",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("products", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("states", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("vendor_pkey")),
    )
    op.create_table(
        "vendor_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("vendor_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("forwarded", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("vendor_case_pkey")),
    )
    op.create_index(
        "vendor_case_exhausted", "vendor_case", ["id"], unique=False, postgresql_where=sa.text("state = 'exhausted'")
    )
    op.create_index("vendor_case_of_issue", "vendor_case", ["issue", "id"], unique=False)
    op.create_index("vendor_case_of_vendor", "vendor_case", ["vendor", "id"], unique=False)
    op.create_table(
        "breaker",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.Text(), server_default="", nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["vendor"], ["vendor.id"], name=op.f("breaker_vendor_fkey")),
        sa.PrimaryKeyConstraint("vendor", name=op.f("breaker_pkey")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["vendor_case.id"], name=op.f("delivery_case_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["vendor", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index("delivery_of_case", "delivery", ["case_id", "position"], unique=False)
    op.create_table(
        "secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["vendor"], ["vendor.id"], name=op.f("secret_vendor_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("secret_pkey")),
    )
    op.create_index(op.f("secret_vendor"), "secret", ["vendor"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("attempt_delivery_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("attempt_pkey")),
    )
    op.create_index(op.f("attempt_delivery"), "attempt", ["delivery"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first schema")
