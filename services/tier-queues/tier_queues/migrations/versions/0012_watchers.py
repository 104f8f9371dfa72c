"""Who watches an issue is named in its body, so that its facts name them."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NAME = """
UPDATE issues SET body = jsonb_set(body, '{watchers}', watchers) FROM (
    SELECT issue_id, jsonb_agg(agent ORDER BY since) AS watchers FROM (
        SELECT issue_id, agent, since, row_number() OVER (PARTITION BY issue_id ORDER BY since) AS place FROM watches
    ) AS numbered WHERE place <= 50 GROUP BY issue_id
) AS watched WHERE id = issue_id
"""


def upgrade() -> None:
    op.execute(_NAME)


def downgrade() -> None:
    raise NotImplementedError("go forward: the next revision repairs")
