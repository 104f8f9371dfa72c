"""What issues were split from: both sides are linked in the transaction that makes the new one."""

from collections.abc import Iterable
from uuid import UUID

from shared.events import Fact
from shared.events.routing import IssueRouted
from tier_queues.issue import Issue
from tier_queues.linking import related
from tier_queues.store import Drafts, Locked


def named(facts: Iterable[Fact]) -> set[UUID]:
    """The issues that routed ones were split from; to be locked with all others, so that all are in one order."""
    return {origin for fact in facts if (origin := _origin(fact)) is not None}


def relate(new: Issue, routed: IssueRouted, locked: Locked, drafts: Drafts, *, traceparent: str | None) -> None:
    """Link a new issue with the one that it was split from; most were split from none."""
    named_so = _origin(routed)
    if named_so is None:
        return
    origin = drafts.issues.get(named_so) or locked.issues.get(named_so)
    for linked in related(new, origin, now=locked.now) if origin is not None else ():
        drafts.take(linked, traceparent=traceparent)


def _origin(fact: Fact) -> UUID | None:
    return fact.submission.split_from if isinstance(fact, IssueRouted) else None
