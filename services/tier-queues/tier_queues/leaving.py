"""Who leaves keeps no issue: what they own goes back to the queue, and what is offered to them is theirs no longer."""

from functools import partial
from typing import Final

from shared.db import Transaction
from tier_queues import store
from tier_queues.isolation import attempted
from tier_queues.issue import without
from tier_queues.policies import Policies
from tier_queues.store import AT_WORK, Drafts

_LEFT: Final = f"""
SELECT issues.id, agents.id AS agent FROM agents JOIN issues ON owner = agents.id
WHERE NOT active AND state IN {AT_WORK}
UNION ALL
SELECT issues.id, agents.id FROM agents JOIN issues ON queue_agent = agents.id
WHERE NOT active AND queue_agent IS NOT NULL AND state IN {AT_WORK}
LIMIT $1
"""  # noqa: S608


async def put_back(tx: Transaction, *, policies: Policies, limit: int) -> bool:
    """Take at most `limit` issues from agents who are inactive. Returns whether there may be more to do."""
    rows = await tx.fetch(_LEFT, limit)
    if not rows:
        return False
    gone = {row.agent for row in rows}
    locked = await store.lock(tx, {row.id for row in rows})
    drafts = Drafts(automation=policies.automation)
    for issue in locked.issues.values():
        act = partial(without, issue, gone, now=locked.now, policies=policies)
        decision = attempted(issue.id, "leaving", act)
        if decision is not None and decision.entries:
            drafts.take(decision)
    await store.save(tx, drafts)
    # Whatever could not be taken waits for the next look, so that a fault is not tried without end.
    return len(rows) == limit and len(drafts.issues) == len(locked.issues)
