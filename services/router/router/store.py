"""The only file that knows the router's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from router.tables import DECISION, EARLY_CORRECTION
from shared.db import NOW, Transaction
from shared.events.issues import Submission
from shared.events.routing import Routing
from shared.vocabulary import IssueId


@dataclass(frozen=True)
class Decided:
    """A decision as it is kept. submission_event: id of the event that the issue came with. rule: of automation, that
    chose the category.

    As JSON it is needed twice, in the database and in the event, and written once.
    """

    issue: IssueId
    revision: int
    decision: UUID
    submission_event: UUID
    submission: Submission
    routing: Routing
    rule: str | None = None

    @cached_property
    def submission_json(self) -> str:
        return self.submission.model_dump_json()

    @cached_property
    def routing_json(self) -> str:
        return self.routing.model_dump_json()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A category that was chosen for an issue: by an agent, or by a rule of automation."""

    issue: IssueId
    revision: int
    category: str
    rule: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision as it is read. decided_at: aware UTC."""

    revision: int
    decision: UUID
    routing: Routing
    decided_at: datetime


_BEGIN: Final = f"""
WITH taken AS (DELETE FROM early_correction WHERE issue_id = ANY($1) RETURNING issue_id, revision, category, rule),
found AS (
    SELECT issue_id, NULL::integer AS revision, NULL::text AS category, NULL::text AS rule FROM decision
    WHERE issue_id = ANY($1) AND revision = 0
    UNION ALL SELECT * FROM taken
)
SELECT {NOW}, found.* FROM (SELECT 1) AS present LEFT JOIN found ON true ORDER BY issue_id, revision
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


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of new issues. now: the service's present. decided: those that turn out to be known already.

    early: corrections that came before the issues, by issue and revision; they are kept no longer.
    """

    now: datetime
    decided: frozenset[IssueId]
    early: Sequence[Chosen]


async def begin(tx: Transaction, issues: Sequence[IssueId]) -> Beginning:
    """What there is to know before these issues are decided for the first time."""
    rows = await tx.fetch(_BEGIN, list(issues))
    found = [row for row in rows if row[1] is not None]
    return Beginning(
        now=rows[0][0],
        decided=frozenset(row[1] for row in found if row[2] is None),
        early=[Chosen(row[1], row[2], row[3], row[4]) for row in found if row[2] is not None],
    )


@dataclass(frozen=True, slots=True)
class First:
    """How an issue was decided when it came. confirmed: its category as agents found it, if they did."""

    issue: IssueId
    submission: Submission
    routing: Routing
    confirmed: str | None


FIRST_DECISIONS: Final = """
SELECT decision.issue_id, submission::text, routing::text, confirmed_label.category
FROM decision LEFT JOIN confirmed_label ON confirmed_label.issue_id = decision.issue_id
WHERE decision.revision = 0 AND decision.issue_id < $1 ORDER BY decision.issue_id DESC LIMIT $2
"""


async def first_decisions(tx: Transaction, *, before: IssueId, limit: int) -> list[First]:
    """At most `limit` issues that were born before this one, newest first."""
    return [
        First(row[0], Submission.model_validate_json(row[1]), Routing.model_validate_json(row[2]), row[3])
        for row in await tx.fetch(FIRST_DECISIONS, before, limit)
    ]


async def keep_early(tx: Transaction, corrections: Sequence[Chosen]) -> None:
    """Remember corrections until their issue's submission comes."""
    rows = [
        {"issue_id": one.issue, "revision": one.revision, "category": one.category, "rule": one.rule}
        for one in corrections
    ]
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


async def save(tx: Transaction, decisions: Sequence[Decided], now: datetime) -> None:
    """Keep new decisions."""
    rows = [
        {
            "issue_id": one.issue,
            "revision": one.revision,
            "decision": one.decision,
            "submission_event": one.submission_event,
            "submission": one.submission_json if one.revision == 0 else None,
            "routing": one.routing_json,
            "decided_at": now,
            "rule": one.rule,
        }
        for one in decisions
    ]
    await tx.insert(DECISION, rows)


async def history(tx: Transaction, issue: IssueId) -> list[Kept]:
    """Every decision on an issue, newest revision first; empty when there is none."""
    rows = await tx.fetch(_HISTORY, issue)
    return [Kept(row[0], row[1], Routing.model_validate_json(row[2]), row[3]) for row in rows]
