"""The only file that knows the tables of confirmed labels, of the audit and of coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from router.auditing import Coverage, Quality
from router.tables import AUDIT
from shared.db import NOW, Transaction
from shared.events.issues import Submission
from shared.vocabulary import IssueId

JUDGED_AT_MOST: Final = 500
"""Newest answers of the audit that count."""
JUDGED_WITHIN: Final = "interval '30 days'"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An issue whose automatic decision is to be judged."""

    issue: IssueId
    submission: Submission


@dataclass(frozen=True, slots=True)
class Sampled:
    """A decision of the audit. confirmed: what somebody said who had not seen it; None until then."""

    issue: IssueId
    category: str
    confirmed: str | None


@dataclass(frozen=True, slots=True)
class Label:
    """A text with the category that people found."""

    title: str
    text: str
    category: str


_RESOLVED: Final = f"""
confirmed_label_rows AS (
    INSERT INTO confirmed_label (issue_id, category, confirmed_by, how, confirmed_at)
    SELECT said.issue_id, newest.category, said.agent, 'resolution', {NOW}
    FROM unnest($1::uuid[], $2::text[]) AS said (issue_id, agent)
    JOIN LATERAL (
        SELECT routing->>'category' AS category FROM decision
        WHERE decision.issue_id = said.issue_id ORDER BY revision DESC LIMIT 1
    ) AS newest ON newest.category IS NOT NULL
    ON CONFLICT (issue_id) DO UPDATE SET category = excluded.category, confirmed_by = excluded.confirmed_by,
        confirmed_at = excluded.confirmed_at WHERE confirmed_label.how = 'resolution'
)
"""  # noqa: S608
_AUDITED: Final = f"""
INSERT INTO confirmed_label (issue_id, category, confirmed_by, how, confirmed_at)
VALUES ($1, $2, $3, 'audit', {NOW})
ON CONFLICT (issue_id) DO UPDATE SET category = excluded.category, confirmed_by = excluded.confirmed_by,
    how = excluded.how, confirmed_at = excluded.confirmed_at
"""  # noqa: S608
WAITING: Final = """
SELECT audit.issue_id, submission::text FROM audit
JOIN decision ON decision.issue_id = audit.issue_id AND decision.revision = 0
WHERE audit.confirmed_at IS NULL AND audit.issue_id < $1 ORDER BY audit.issue_id DESC LIMIT $2
"""
_LOCK: Final = "SELECT issue_id, category, confirmed_category FROM audit WHERE issue_id = $1 FOR UPDATE"
_ANSWER: Final = f"""
UPDATE audit SET confirmed_category = $2, confirmed_by = $3, confirmed_at = {NOW} WHERE issue_id = $1
"""  # noqa: S608
_COUNT: Final = f"""
coverage_rows AS (
    INSERT INTO coverage AS known (hour, decided, automatic) VALUES (date_trunc('hour', {NOW}), $1::bigint, $2::bigint)
    ON CONFLICT (hour) DO UPDATE SET decided = known.decided + excluded.decided,
        automatic = known.automatic + excluded.automatic
)
"""  # noqa: S608
_QUALITY: Final = f"""
WITH present AS (SELECT {NOW} AS now), answered AS (
    SELECT category, confirmed_category FROM audit, present
    WHERE confirmed_at IS NOT NULL AND confirmed_at > now - {JUDGED_WITHIN} ORDER BY confirmed_at DESC LIMIT $1
), told AS (
    SELECT hour > now - interval '1 day' AS today, decided, automatic FROM coverage, present
    WHERE hour > now - interval '8 days'
)
SELECT (SELECT count(*) FROM answered), (SELECT count(*) FROM answered WHERE category = confirmed_category),
    (SELECT coalesce(sum(decided), 0)::bigint FROM told WHERE today),
    (SELECT coalesce(sum(automatic), 0)::bigint FROM told WHERE today),
    (SELECT coalesce(sum(decided), 0)::bigint FROM told WHERE NOT today),
    (SELECT coalesce(sum(automatic), 0)::bigint FROM told WHERE NOT today)
"""  # noqa: S608
_LABELS: Final = """
SELECT submission->>'title', submission->>'text', confirmed_label.category FROM confirmed_label
JOIN decision ON decision.issue_id = confirmed_label.issue_id AND decision.revision = 0
WHERE confirmed_label.issue_id < $1 ORDER BY confirmed_label.issue_id DESC LIMIT $2
"""
_LABELLED: Final = "SELECT issue_id FROM confirmed_label WHERE issue_id < $1 ORDER BY issue_id DESC LIMIT 1 OFFSET $2"


async def confirm_resolved(tx: Transaction, resolved: Mapping[IssueId, str]) -> None:
    """Take the categories with which agents resolved issues as right. resolved: the agent by issue."""
    # A correction of the same poll must be there to be seen.
    await tx.flush()
    await tx.write("confirmed_label", _RESOLVED, list(resolved), list(resolved.values()))


async def sample(tx: Transaction, decisions: Mapping[IssueId, str]) -> None:
    """Have automatic decisions judged. decisions: the category by issue."""
    rows = [{"issue_id": issue, "category": category} for issue, category in decisions.items()]
    await tx.insert(AUDIT, rows, tail="ON CONFLICT (issue_id) DO NOTHING")


async def waiting(tx: Transaction, *, before: IssueId, limit: int) -> list[Waiting]:
    """At most `limit` issues to be judged that were born before this one, newest first."""
    rows = await tx.fetch(WAITING, before, limit)
    return [Waiting(row[0], Submission.model_validate_json(row[1])) for row in rows]


async def lock_sampled(tx: Transaction, issue: IssueId) -> Sampled | None:
    """A decision of the audit, locked until the transaction ends."""
    rows = await tx.fetch(_LOCK, issue)
    return Sampled(*rows[0]) if rows else None


async def answer(tx: Transaction, issue: IssueId, category: str, by: str) -> None:
    """Keep what somebody said about a decision of the audit; it outweighs the resolution."""
    await tx.fetch(_ANSWER, issue, category, by)
    await tx.fetch(_AUDITED, issue, category, by)


async def count(tx: Transaction, coverage: Coverage) -> None:
    """Add to this hour's coverage, soon: with the last of what the transaction writes, for all wait for that row."""
    if coverage.decided:
        await tx.write("coverage", _COUNT, coverage.decided, coverage.automatic)


async def quality(tx: Transaction) -> Quality:
    """How decisions fare now."""
    row: Sequence[Any] = (await tx.fetch(_QUALITY, JUDGED_AT_MOST))[0]
    return Quality(row[0], row[1], Coverage(row[2], row[3]), Coverage(row[4], row[5]))


async def labels(tx: Transaction, *, before: IssueId, limit: int) -> tuple[list[Label], IssueId | None]:
    """At most `limit` confirmed labels of issues born before this one, newest first, and the issue to go on behind."""
    rows = await tx.fetch(_LABELS, before, limit)
    last = await tx.fetch(_LABELLED, before, limit - 1)
    return [Label(*row) for row in rows], last[0][0] if last else None
