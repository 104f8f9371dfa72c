"""Rules that chose a category; where audited decisions went; when models were last followed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WENT_TO = """
UPDATE audit SET destination = CASE
    WHEN routing->'record'->>'policy_row' LIKE '%: redirect to %' THEN 'redirect'
    ELSE substring(routing->'record'->>'policy_row' FROM ': Tier ([0-9]+)$') END
FROM decision WHERE decision.issue_id = audit.issue_id AND decision.revision = 0
"""
_FOLLOWED = "UPDATE model SET followed_at = changed_at WHERE state IN ('active', 'replaced')"


def upgrade() -> None:
    op.add_column("decision", sa.Column("rule", sa.Text))
    op.add_column("early_correction", sa.Column("rule", sa.Text))
    op.add_column("model", sa.Column("followed_at", sa.DateTime(timezone=True)))
    op.execute(_FOLLOWED)
    op.add_column("audit", sa.Column("destination", sa.Text))
    op.add_column("audit", sa.Column("agrees", sa.Boolean))
    op.execute(_WENT_TO)
    op.execute("UPDATE audit SET destination = '' WHERE destination IS NULL")
    op.execute("UPDATE audit SET agrees = category = confirmed_category WHERE confirmed_at IS NOT NULL")
    op.alter_column("audit", "destination", nullable=False)


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
