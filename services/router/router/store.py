"""The only file that knows the router's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from router.tables import DECISION, EARLY_CORRECTION
from shared.db import NOW, Transaction
from shared.events.issues import Submission
from shared.events.routing import Routing
from shared.vocabulary import IssueId


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is kept. submission_event: id of the event that the issue came with."""

    issue: IssueId
    revision: int
    decision: UUID
    submission_event: UUID
    submission: Submission
    routing: Routing


@dataclass(frozen=True, slots=True)
class Chosen:
    """A category that a person chose for an issue."""

    issue: IssueId
    revision: int
    category: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision as it is read. decided_at: aware UTC."""

    revision: int
    decision: UUID
    routing: Routing
    decided_at: datetime


_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key"

_TAKE_EARLY: Final = f"""
WITH taken AS (DELETE FROM early_correction WHERE issue_id = ANY($1) RETURNING issue_id, revision, category)
SELECT {NOW}, taken.* FROM (SELECT 1) AS present LEFT JOIN taken ON true ORDER BY issue_id, revision
"""  # noqa: S608

_NEWEST: Final = """
SELECT first.issue_id, newest.revision, newest.decision, first.submission_event, first.submission::text,
       newest.routing::text
FROM decision AS first
JOIN LATERAL (
    SELECT revision, decision, routing FROM decision WHERE issue_id = first.issue_id ORDER BY revision DESC LIMIT 1
) AS newest ON true
WHERE first.issue_id = ANY($1) AND first.revision = 0
"""

_HISTORY: Final = """
SELECT revision, decision, routing::text, decided_at FROM decision WHERE issue_id = $1 ORDER BY revision DESC
"""


async def lock(tx: Transaction, issues: Sequence[IssueId]) -> None:
    """Keep other processes from deciding the same issues until the transaction ends.

    A submission and its correction come from different topics, maybe to different processes, and neither may miss
    the other; there is no row yet that both could lock.
    """
    await tx.fetch(_LOCK, sorted({str(issue) for issue in issues}))


async def take_early(tx: Transaction, issues: Sequence[IssueId]) -> tuple[datetime, Sequence[Chosen]]:
    """The service's present, and the corrections that waited for these issues, by issue and revision; now forgotten."""
    rows = await tx.fetch(_TAKE_EARLY, list(issues))
    return rows[0][0], [Chosen(row[1], row[2], row[3]) for row in rows if row[1] is not None]


async def keep_early(tx: Transaction, corrections: Sequence[Chosen]) -> None:
    """Remember corrections until their issue's submission comes."""
    rows = [{"issue_id": one.issue, "revision": one.revision, "category": one.category} for one in corrections]
    await tx.insert(EARLY_CORRECTION, rows, tail="ON CONFLICT (issue_id, revision) DO NOTHING")


async def newest(tx: Transaction, issues: Sequence[IssueId]) -> Mapping[IssueId, Decided]:
    """The decision that stands for each of the issues that has one."""
    rows = await tx.fetch(_NEWEST, sorted(set(issues)))
    return {
        row[0]: Decided(
            row[0],
            row[1],
            row[2],
            row[3],
            Submission.model_validate_json(row[4]),
            Routing.model_validate_json(row[5]),
        )
        for row in rows
    }


async def save(tx: Transaction, decisions: Sequence[Decided], now: datetime) -> list[Decided]:
    """Keep decisions. Returns those that are new, in the order given: a revision is decided once."""
    rows = [
        {
            "issue_id": one.issue,
            "revision": one.revision,
            "decision": one.decision,
            "submission_event": one.submission_event,
            "submission": one.submission.model_dump_json() if one.revision == 0 else None,
            "routing": one.routing.model_dump_json(),
            "decided_at": now,
        }
        for one in decisions
    ]
    kept = await tx.insert(
        DECISION, rows, tail="ON CONFLICT (issue_id, revision) DO NOTHING RETURNING issue_id, revision"
    )
    new = {(row[0], row[1]) for row in kept}
    return [one for one in decisions if (one.issue, one.revision) in new]


async def history(tx: Transaction, issue: IssueId) -> list[Kept]:
    """Every decision on an issue, newest revision first; empty when there is none."""
    rows = await tx.fetch(_HISTORY, issue)
    return [Kept(row[0], row[1], Routing.model_validate_json(row[2]), row[3]) for row in rows]
