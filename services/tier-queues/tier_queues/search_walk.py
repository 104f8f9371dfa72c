"""What is searched is written behind the commands, not by them: a walk over what was said since it looked last.

A timeline's entry knows its transaction. What is older than every transaction in work is complete, so that the walk
misses nothing and reads nothing twice, and a command pays for it by one column with a default.
"""

from typing import Final
from uuid import UUID

from shared.db import Database, Transaction
from tier_queues.tidying_tables import SAID

CHARACTERS_LIMIT: Final = 50_000
"""Of an issue's words about so many are searched, the oldest: a document of PostgreSQL's holds no more than 1 MiB."""
_FIRST: Final = UUID(int=0)

_WAITS: Final = f"""
SELECT NOT earlier_done OR reached >= {{xmin}} OR EXISTS (
    SELECT FROM timeline WHERE ({SAID}) AND tx > reached AND tx < {{xmin}}
) FROM search_walk
""".format(xmin="pg_snapshot_xmin(pg_current_snapshot())::text::bigint")  # noqa: S608
_LOCK: Final = """
SELECT CASE WHEN reached < complete THEN reached ELSE 0 END, complete, earlier_to, earlier_done
FROM search_walk, LATERAL (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS complete) AS present
FOR UPDATE OF search_walk SKIP LOCKED
"""
"""A database that was restored elsewhere counts its transactions anew: then the walk begins anew."""
_TEXTS: Final = f"""
SELECT issue_id, left(string_agg(concat_ws(' ',
    CASE WHEN version = 1 OR type = 'tierdesk.customer-heard.v1' THEN private->>'text' END,
    CASE WHEN type IN ('tierdesk.issue-replied.v1', 'tierdesk.issue-resolved.v1') THEN fact->>'text' END
), ' ' ORDER BY version), {CHARACTERS_LIMIT}) AS text FROM timeline
"""  # noqa: S608
_WRITTEN: Final = f"""
INSERT INTO searchable AS known (issue_id, number, account, characters, document)
SELECT issue_id, number, body->>'account', length(text),
    setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', concat_ws(' ', number, text))
FROM said JOIN issues ON id = issue_id
ON CONFLICT (issue_id) DO UPDATE SET document = known.document || excluded.document,
    characters = known.characters + excluded.characters
WHERE known.characters < {CHARACTERS_LIMIT}
"""  # noqa: S608
_NEWER: Final = f"""
WITH batch AS MATERIALIZED (
    SELECT tx FROM timeline WHERE ({SAID}) AND tx > $1 AND tx < $2
    ORDER BY tx LIMIT $3
), said AS (
    {_TEXTS} WHERE ({SAID}) AND tx > $1 AND tx <= (SELECT max(tx) FROM batch)
    GROUP BY issue_id
), searchable_rows AS ({_WRITTEN})
SELECT max(tx), count(*) FROM batch
"""  # noqa: S608
_EARLIER: Final = f"""
WITH batch AS MATERIALIZED (SELECT id FROM issues WHERE id > $1 ORDER BY id LIMIT $2), said AS (
    {_TEXTS} WHERE ({SAID}) AND tx IS NULL AND issue_id IN (SELECT id FROM batch) GROUP BY issue_id
), searchable_rows AS ({_WRITTEN})
SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM batch)
"""  # noqa: S608


async def walk(db: Database, *, limit: int) -> bool:
    """Make at most about `limit` entries searchable. Returns whether there are more. One process walks at a time."""
    async with db.transaction() as tx:
        # A look that locks nothing, because most find nothing to do.
        if not (await tx.fetch(_WAITS))[0][0]:
            return False
        rows = await tx.fetch(_LOCK)
        if not rows:
            return False
        reached, xmin, earlier_to, earlier_done = rows[0]
        more = False if earlier_done else await _earlier(tx, earlier_to, limit)
        return await _newer(tx, reached, xmin, limit) or more


async def _newer(tx: Transaction, reached: int, xmin: int, limit: int) -> bool:
    to, count = (await tx.fetch(_NEWER, reached, xmin, limit))[0]
    await tx.fetch("UPDATE search_walk SET reached = $1", reached if to is None else to)
    return bool(count == limit)


async def _earlier(tx: Transaction, behind: UUID | None, limit: int) -> bool:
    """Issues from before there was a search, in the order of their ids."""
    to, count = (await tx.fetch(_EARLIER, behind or _FIRST, limit))[0]
    await tx.fetch("UPDATE search_walk SET earlier_to = $1, earlier_done = $2", to, count < limit)
    return bool(count == limit)
