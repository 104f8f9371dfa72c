"""Which issues belong to which problem, in rows written with the timeline; workarounds taken into drafts, and drafts
that were sent.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from shared.db import Transaction
from shared.events import problems, work
from shared.vocabulary import TEXT_LIMIT
from tier_queues import drafts
from tier_queues.feature_tables import UNCOUNTED
from tier_queues.problem_tables import PROBLEM_LINKS
from tier_queues.record import TOLD_OF, Entry, Issue

_REMOVE: Final = """
problem_links_rows AS (
    DELETE FROM problem_links USING unnest($1::uuid[], $2::uuid[]) AS gone (problem, issue)
    WHERE problem_id = gone.problem AND issue_id = gone.issue
)
"""
_INTO_DRAFT: Final = f"""
drafts_rows AS (
    INSERT INTO drafts (issue_id, agent, version, text, attachments, updated_at)
    SELECT issue, agent, 1, said, '[]', at
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS new (issue, agent, said, at)
    ON CONFLICT (issue_id, agent) DO UPDATE SET version = drafts.version + 1,
        text = left(rtrim(drafts.text) || E'\\n\\n' || excluded.text, {TEXT_LIMIT}), updated_at = excluded.updated_at
)
"""  # noqa: S608

_KEPT: Final = (problems.ProblemFact, work.IssueReplied)


async def write(tx: Transaction, entries: Sequence[tuple[Issue, Entry]]) -> None:
    """Keep what these entries say of problems, in their order; entries of one kind in a row with one statement."""
    of_interest = [one for one in entries if isinstance(one[1].fact, _KEPT)]
    for kind, alike in groupby(of_interest, key=lambda one: type(one[1].fact)):
        if kind is problems.ProblemLinked:
            await _add(tx, list(alike))
        elif kind is problems.ProblemUnlinked:
            await _remove(tx, list(alike))
        elif kind is problems.WorkaroundInserted:
            await _into_drafts(tx, list(alike))
        elif kind is work.IssueReplied:
            await drafts.sent(tx, [(issue.id, entry.fact.actor.id) for issue, entry in alike if _is_own(entry)])


def _is_own(entry: Entry) -> bool:
    """Whether an agent wrote it for this issue, and not to another one's customer as well."""
    return entry.fact.actor.kind == "agent" and TOLD_OF not in entry.private


async def _add(tx: Transaction, entries: Sequence[tuple[Issue, Entry]]) -> None:
    rows = [_link(*one) for one in entries]
    await tx.insert(PROBLEM_LINKS, rows, tail="ON CONFLICT DO NOTHING")
    await _to_be_counted(tx, {row["problem_id"] for row in rows})


async def _to_be_counted(tx: Transaction, changed: set[UUID]) -> None:
    """Those that are feature requests are told of with their new numbers."""
    rows = [{"problem_id": problem} for problem in sorted(changed)]
    await tx.insert(UNCOUNTED, rows, tail="ON CONFLICT (problem_id) DO NOTHING")


async def _remove(tx: Transaction, entries: Sequence[tuple[Issue, Entry]]) -> None:
    facts = [entry.fact for _, entry in entries if isinstance(entry.fact, problems.ProblemUnlinked)]
    await tx.write("problem_links", _REMOVE, [fact.problem for fact in facts], [issue.id for issue, _ in entries])
    await _to_be_counted(tx, {fact.problem for fact in facts})


async def _into_drafts(tx: Transaction, entries: Sequence[tuple[Issue, Entry]]) -> None:
    """One after the other: two may go into one draft, and a statement can write to a row only once."""
    for issue, entry in entries:
        fact = entry.fact
        await tx.write("drafts", _INTO_DRAFT, [issue.id], [fact.actor.id], [entry.private["text"]], [fact.at])


def _link(issue: Issue, entry: Entry) -> dict[str, Any]:
    fact = entry.fact
    assert isinstance(fact, problems.ProblemLinked)
    return {
        "problem_id": fact.problem,
        "issue_id": issue.id,
        "account": issue.account,
        "customer": issue.customer,
        "at": fact.at,
    }
