"""What is read from the timeline behind the commands, and not by them: the reports, and what is searched.

What changed is found by the transactions that wrote to the timeline, in their order, as far as all before them are
over: neither ids nor times of entries come in the order of commits. What an issue's change means is read from its own
entries in the order of their versions, and each reader keeps how far it has read an issue, so that to read one again
changes nothing.
"""

from typing import Final
from uuid import UUID

from shared.db import Transaction
from tier_queues import report_feed, search_feed

_WALK: Final = """
SELECT next_tx, walked_to, whole, txid_snapshot_xmin(txid_current_snapshot()) AS over
FROM timeline_walk FOR UPDATE SKIP LOCKED
"""
CHANGED: Final = """
SELECT tx, issue_id FROM timeline WHERE tx >= $1 AND tx < $2 ORDER BY tx FETCH FIRST $3 ROWS WITH TIES
"""
"""Whole transactions: each writes a bounded number of entries."""
_ALL: Final = "SELECT id FROM issues WHERE id > $1 ORDER BY id LIMIT $2"
_KEEP: Final = "UPDATE timeline_walk SET next_tx = $1, walked_to = $2, whole = $3"
_BEGIN_AGAIN: Final = "UPDATE timeline_walk SET walked_to = NULL, whole = false"
_FIRST: Final = UUID(int=0)


async def advance(tx: Transaction, *, limit: int) -> bool:
    """Read what has changed, about `limit` entries, and `limit` issues of a walk over all that has begun. Returns
    whether there is more.

    One process reads at a time; for all others there is nothing to do.
    """
    found = await tx.fetch(_WALK)
    if not found:
        return False
    walk = found[0]
    if walk.next_tx > walk.over:
        # Transactions count anew where the database was moved to another server: the walk finds what is missed.
        await tx.fetch(_KEEP, walk.over, None, False)
        return True
    changed = await tx.fetch(CHANGED, walk.next_tx, walk.over, limit)
    walked = [] if walk.whole else await tx.fetch(_ALL, walk.walked_to or _FIRST, limit)
    await _read(tx, {row.issue_id for row in changed} | {row.id for row in walked})
    whole = walk.whole or len(walked) < limit
    if changed or not walk.whole:
        full = len(changed) >= limit
        await tx.fetch(_KEEP, changed[-1].tx + 1 if full else walk.over, None if whole else walked[-1].id, whole)
    return len(changed) >= limit or not whole


async def read_reports_again(tx: Transaction) -> None:
    """Forget all that the reports have read; `advance` makes it again. Waits for who reads."""
    await tx.fetch("SELECT FROM timeline_walk FOR UPDATE")
    await report_feed.forget(tx)
    await tx.fetch(_BEGIN_AGAIN)


async def is_whole(tx: Transaction) -> bool:
    """Whether every issue was read that was there when the walk over all was begun."""
    return bool((await tx.fetch("SELECT whole FROM timeline_walk"))[0][0])


async def _read(tx: Transaction, issues: set[UUID]) -> None:
    if issues:
        ids = sorted(issues)
        await report_feed.read(tx, ids)
        await search_feed.read(tx, ids)
