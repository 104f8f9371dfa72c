"""Makes searchable what customer and staff said to each other, from the timeline's entries."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from shared.db import Transaction
from tier_queues.messages import FROM_CUSTOMER, TO_CUSTOMER

CHARACTERS_LIMIT: Final = 50_000
"""Of an issue's words about so many are searched, the oldest: a document of PostgreSQL's holds no more than 1 MiB."""
_READ: Final = f"""
WITH said AS (
    SELECT issue_id, max(version) AS version, left(string_agg(concat_ws(' ',
        CASE WHEN version = 1 OR type = ANY($2) THEN private->>'text' END,
        CASE WHEN type = ANY($3) THEN fact->>'text' END
    ), ' ' ORDER BY version), {CHARACTERS_LIMIT}) AS text
    FROM timeline LEFT JOIN (SELECT issue_id, version AS read_to FROM searchable) AS known USING (issue_id)
    WHERE issue_id = ANY($1) AND version > coalesce(read_to, 0)
        AND (version = 1 OR type = ANY($2) OR type = ANY($3))
    GROUP BY issue_id
)
INSERT INTO searchable AS known (issue_id, version, number, account, characters, document)
SELECT issue_id, said.version, number, body->>'account', length(text),
    setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', concat_ws(' ', number, text))
FROM said JOIN issues ON id = issue_id
ON CONFLICT (issue_id) DO UPDATE SET version = excluded.version,
    document = CASE WHEN known.characters < {CHARACTERS_LIMIT} THEN known.document || excluded.document
        ELSE known.document END,
    characters = known.characters + excluded.characters
"""  # noqa: S608


async def read(tx: Transaction, issues: Sequence[UUID]) -> None:
    """Add what was said since these issues were read last."""
    await tx.fetch(_READ, issues, sorted(FROM_CUSTOMER), sorted(TO_CUSTOMER))
