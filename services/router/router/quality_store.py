"""The only file that knows the tables of confirmed labels, of the audit and of coverage."""

from collections.abc import Collection, Sequence
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
    """A decision of the audit. destination: where the policy sent its category, a tier's number or redirect.

    confirmed: what somebody said who had not seen it; None until then.
    """

    issue: IssueId
    category: str
    destination: str
    confirmed: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """An issue that an agent resolved. redirected: told another channel; else answered."""

    issue: IssueId
    agent: str
    redirected: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """An issue whose category an agent chose."""

    issue: IssueId
    agent: str
    category: str


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
    FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS said (issue_id, agent, redirected)
    JOIN LATERAL (
        SELECT routing->>'category' AS category, rule FROM decision
        WHERE decision.issue_id = said.issue_id ORDER BY revision DESC LIMIT 1
    ) AS newest ON newest.category IS NOT NULL AND newest.rule IS NULL
        AND (NOT said.redirected OR newest.category = ANY($4::text[]))
    ON CONFLICT (issue_id) DO UPDATE SET category = excluded.category, confirmed_by = excluded.confirmed_by,
        confirmed_at = excluded.confirmed_at WHERE confirmed_label.how = 'resolution'
)
"""  # noqa: S608
_SORTED: Final = f"""
confirmed_label_rows AS (
    INSERT INTO confirmed_label (issue_id, category, confirmed_by, how, confirmed_at)
    SELECT said.issue_id, said.category, said.agent, 'triage', {NOW}
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS said (issue_id, category, agent)
    JOIN decision AS first ON first.issue_id = said.issue_id AND first.revision = 0
        AND (first.routing->>'triage')::boolean
    ON CONFLICT (issue_id) DO UPDATE SET category = excluded.category, confirmed_by = excluded.confirmed_by,
        how = excluded.how, confirmed_at = excluded.confirmed_at WHERE confirmed_label.how <> 'audit'
)
"""  # noqa: S608
_REOPENED: Final = """
confirmed_label_rows AS (DELETE FROM confirmed_label WHERE issue_id = ANY($1::uuid[]) AND how = 'resolution')
"""
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
_LOCK: Final = "SELECT issue_id, category, destination, confirmed_category FROM audit WHERE issue_id = $1 FOR UPDATE"
_ANSWER: Final = f"""
UPDATE audit SET confirmed_category = $2, confirmed_by = $3, agrees = $4, confirmed_at = {NOW} WHERE issue_id = $1
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
    SELECT agrees FROM audit, present
    WHERE confirmed_at IS NOT NULL AND confirmed_at > now - {JUDGED_WITHIN} ORDER BY confirmed_at DESC LIMIT $1
), told AS (
    SELECT hour > now - interval '1 day' AS today, decided, automatic FROM coverage, present
    WHERE hour > now - interval '8 days'
)
SELECT (SELECT count(*) FROM answered), (SELECT count(*) FROM answered WHERE agrees),
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


async def confirm_resolved(tx: Transaction, resolved: Sequence[Resolved], redirecting: Sequence[str]) -> None:
    """Take the categories with which agents resolved issues as right, unless a rule of automation chose them.

    redirecting: categories that stand for another channel; who redirects an issue confirms no other.
    """
    # A correction of the same poll must be there to be seen.
    await tx.flush()
    said = [[one.issue for one in resolved], [one.agent for one in resolved], [one.redirected for one in resolved]]
    await tx.write("confirmed_label", _RESOLVED, *said, list(redirecting))


async def confirm_sorted(tx: Transaction, chosen: Sequence[Sorted]) -> None:
    """Take what agents chose as right for those issues that the router had left to a person. One row per issue."""
    if chosen:
        said = [[one.issue for one in chosen], [one.category for one in chosen], [one.agent for one in chosen]]
        await tx.write("confirmed_label", _SORTED, *said)


async def take_back(tx: Transaction, reopened: Collection[IssueId]) -> None:
    """Believe resolutions no longer that were undone."""
    if reopened:
        await tx.write("confirmed_label", _REOPENED, list(reopened))


async def sample(tx: Transaction, decisions: Sequence[Sampled]) -> None:
    """Have automatic decisions judged."""
    rows = [{"issue_id": one.issue, "category": one.category, "destination": one.destination} for one in decisions]
    await tx.insert(AUDIT, rows, tail="ON CONFLICT (issue_id) DO NOTHING")


async def waiting(tx: Transaction, *, before: IssueId, limit: int) -> list[Waiting]:
    """At most `limit` issues to be judged that were born before this one, newest first."""
    rows = await tx.fetch(WAITING, before, limit)
    return [Waiting(row[0], Submission.model_validate_json(row[1])) for row in rows]


async def lock_sampled(tx: Transaction, issue: IssueId) -> Sampled | None:
    """A decision of the audit, locked until the transaction ends."""
    rows = await tx.fetch(_LOCK, issue)
    return Sampled(*rows[0]) if rows else None


async def answer(tx: Transaction, issue: IssueId, category: str, by: str, *, agrees: bool) -> None:
    """Keep what somebody said about a decision of the audit; it outweighs the resolution."""
    await tx.fetch(_ANSWER, issue, category, by, agrees)
    await tx.fetch(_AUDITED, issue, category, by)


async def count(tx: Transaction, coverage: Coverage) -> None:
    """Add to this hour's coverage, soon.

    All wait for that row until the transaction ends. That is with the next statement, unless the poll also holds
    corrections or resolutions: their statements come between.
    """
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
