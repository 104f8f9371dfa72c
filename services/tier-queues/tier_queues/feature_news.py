"""What becomes of feature requests, told to those who make the product: with how many customers and accounts ask."""

from typing import Any, Final
from uuid import UUID

from shared.db import Transaction
from shared.events.features import ACCOUNTS_LIMIT, AccountCount, FeatureRequestChanged
from shared.outbox import Outgoing, publish
from tier_queues import problem_store
from tier_queues.problem import Kind, Problem
from tier_queues.problem_changes import Change, Decide, Fix
from tier_queues.store import SOURCE

TOLD: Final[dict[type[Change], str]] = {Decide: "decided", Fix: "fixed"}
"""Changes that are told, and the word for them."""
_TAKE: Final = """
DELETE FROM problems_uncounted WHERE problem_id IN (
    SELECT problem_id FROM problems_uncounted ORDER BY problem_id LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING problem_id
"""
_TOTALS: Final = """
SELECT count(*), count(DISTINCT customer), count(DISTINCT account) FROM problem_links WHERE problem_id = $1
"""
_BY_ACCOUNT: Final = """
SELECT account, count(DISTINCT customer), count(*) FROM problem_links WHERE problem_id = $1
GROUP BY account ORDER BY count(*) DESC, account LIMIT $2
"""


async def tell(tx: Transaction, problem: Problem, what: str) -> None:
    """Publish how a feature request stands; of other problems nothing."""
    if problem.kind is not Kind.FEATURE_REQUEST:
        return
    issues, customers, accounts = (await tx.fetch(_TOTALS, problem.id))[0]
    fact = FeatureRequestChanged(
        what=what,
        request=problem.id,
        number=problem.number,
        title=problem.title,
        product=problem.product,
        state=problem.state,
        issues=issues,
        customers=customers,
        accounts=accounts,
        by_account=tuple(_account(row) for row in await tx.fetch(_BY_ACCOUNT, problem.id, ACCOUNTS_LIMIT)),
        will_be_made=problem.verdict.fix if problem.verdict else None,
        release=problem.release_name,
        at=await tx.now(),
    )
    await publish(tx, [Outgoing(str(problem.id), fact)], source=SOURCE)


async def tell_counted(tx: Transaction, *, limit: int) -> bool:
    """Count at most `limit` feature requests whose issues have changed since, and tell it. Returns whether more wait.

    However many issues were linked meanwhile, a request is told once.
    """
    waiting: list[UUID] = [row[0] for row in await tx.fetch(_TAKE, limit)]
    if not waiting:
        return False
    for problem in (await problem_store.kept(tx, waiting)).values():
        await tell(tx, problem, "counted")
    return len(waiting) == limit


def _account(row: Any) -> AccountCount:
    return AccountCount(account=row[0], customers=row[1], issues=row[2])
