"""A new policy of promises reaches open issues: at once what is touched, and all others in bounded batches."""

from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from shared.db import NOW, Transaction
from tier_queues import promise_store, store
from tier_queues.isolation import attempted
from tier_queues.issue import renewed
from tier_queues.policies import Policies
from tier_queues.store import Drafts

_BATCH: Final = """
SELECT id, state IN ('queued', 'assigned', 'waiting') FROM issues WHERE id > $1 ORDER BY id LIMIT $2
"""
_FIRST: Final = UUID(int=0)
_DUE: Final = f"SELECT active_from + $2::interval <= (SELECT {NOW}) FROM promise_policies WHERE version = $1"  # noqa: S608


async def renew(tx: Transaction, *, policies: Policies, after: timedelta, limit: int) -> bool:
    """Look at `limit` issues in the order of their ids and promise the open ones anew. Returns whether there are more.

    after: so long after it is in force a version's walk begins: by then no transaction works by an older one, so that
    none leaves an issue behind the walk. One process walks at a time; another goes on where it stopped.
    """
    if policies.version == 0 or not await _is_due(tx, policies.version, after):
        return False
    walk = await promise_store.lock_walk(tx, policies.version)
    if walk is None:
        return False
    rows: list[Any] = list(await tx.fetch(_BATCH, walk.to or _FIRST, limit))
    await _renew(tx, [row[0] for row in rows if row[1]], policies)
    await promise_store.keep_walk(tx, policies.version, rows[-1][0] if len(rows) == limit else None)
    return len(rows) == limit


async def _is_due(tx: Transaction, version: int, after: timedelta) -> bool:
    rows = await tx.fetch(_DUE, version, after)
    return bool(rows and rows[0][0])


async def _renew(tx: Transaction, ids: list[UUID], policies: Policies) -> None:
    if not ids:
        return
    locked = await store.lock(tx, ids)
    drafts = Drafts(automation=policies.automation)
    for issue in locked.issues.values():
        act = partial(renewed, issue, now=locked.now, policies=policies)
        decision = attempted(issue.id, "promises", act)
        if decision is not None and decision.issue is not issue:
            drafts.take(decision)
    await store.save(tx, drafts)
