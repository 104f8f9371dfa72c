"""Issues and their timelines in tables: loaded and locked together, saved together with what is published."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.db import NOW, Transaction
from shared.events import FACTS, Fact
from shared.events.attention import IssueSkipped
from shared.events.collaboration import AgentMentioned, ConsultFact
from shared.events.problems import ProblemFact
from shared.events.work import IssueReplied
from shared.outbox import Outgoing, publish
from tier_queues import automation_queue, bulk_store, consult_list, link_rows, mention_list, passed_by
from tier_queues.agents import Agent
from tier_queues.automation import NO_RULES, Automation, Due, due
from tier_queues.bulk_store import NewJob
from tier_queues.commands import Command
from tier_queues.issue import Decision, Entry, Issue
from tier_queues.rows import changing, issue_of, row_of
from tier_queues.skills import words
from tier_queues.tables import EARLY_FACTS, ISSUES, TIMELINE
from tier_queues.tellings import told_of

SOURCE: Final = "tier-queues"
AT_WORK: Final = "('assigned', 'waiting')"

BESIDE: Final = (ConsultFact, AgentMentioned, IssueSkipped, ProblemFact, IssueReplied)
"""Facts that write rows of their own, or end some."""

LOAD: Final = f"""
SELECT coalesce(sum(weight), 0), coalesce(sum(weight) FILTER (WHERE tier <> ALL($2)), 0)
FROM issues WHERE owner = $1 AND state IN {AT_WORK} AND NOT held
"""  # noqa: S608
_LOCK: Final = f"""
SELECT locked.body::text, {NOW}, (
    SELECT json_object_agg(owner, owned)::text FROM (
        SELECT owner, sum(weight) AS owned FROM issues
        WHERE owner = ANY($2) AND state IN {AT_WORK} AND NOT held GROUP BY owner
    ) AS loads
) FROM (SELECT body FROM issues WHERE id = ANY($1) ORDER BY id FOR UPDATE) AS locked
"""  # noqa: S608
LOCK_DUE: Final = f"""
SELECT locked.body::text, {NOW} FROM (
    SELECT body FROM issues WHERE next_due <= (SELECT {NOW}) AND (timer_tier = ANY($1) OR $2 AND timer_tier <> ALL($3))
    ORDER BY next_due LIMIT $4 FOR UPDATE SKIP LOCKED
) AS locked
"""  # noqa: S608
"""The present is a query of its own: an index cannot be asked for what a volatile function says row by row."""
NEXT: Final = f"""
SELECT locked.body::text, {NOW} FROM (
    SELECT body FROM issues WHERE queue_tier = $1 AND (queue_agent IS NULL OR queue_agent = $2)
        AND (NOT members_only OR queue_team = ANY($3)) AND owner IS DISTINCT FROM $2 AND weight <= $4
        AND (skills IS NULL OR state <> 'queued' OR queue_agent = $2 OR NOT EXISTS (
            SELECT FROM jsonb_array_elements_text(skills) WITH ORDINALITY AS asked (skill, place)
            WHERE skill <> ALL($5) AND place <= jsonb_array_length(skills)
                - coalesce(floor(extract(epoch FROM (SELECT {NOW}) - queued_since) / $6), 0)
        ))
        AND id <> ALL(ARRAY(SELECT issue_id FROM skips WHERE agent = $2 AND until > (SELECT {NOW})))
    ORDER BY priority, deadline, id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS locked
"""  # noqa: S608
"""What an agent may have: in the tier's order, as far as there is room, without what they passed by, and with skills
that the agent lacks only when they were waited for: after each such wait one less is asked for, the last named first.
"""
OFFERED: Final = f"""
SELECT locked.body::text, {NOW} FROM (
    SELECT body FROM issues WHERE queue_agent = $1 AND state <> 'queued' AND queue_tier <> ALL($2) AND weight <= $3
        AND id <> ALL(ARRAY(SELECT issue_id FROM skips WHERE agent = $1 AND until > (SELECT {NOW})))
    ORDER BY priority, deadline, id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS locked
"""  # noqa: S608
"""What is offered to an agent by name at tiers whose queues they do not work."""
_LOCK_WITH_EARLY: Final = f"""
WITH locked AS (SELECT body FROM issues WHERE id = ANY($1) ORDER BY id FOR UPDATE),
taken AS (DELETE FROM early_facts WHERE issue_id = ANY($2) RETURNING position, issue_id, type, fact)
SELECT NULL::uuid, NULL::text, body::text, NULL::bigint AS position, NULL::timestamptz FROM locked
UNION ALL SELECT issue_id, type, fact::text, position, NULL FROM taken
UNION ALL SELECT NULL, NULL, NULL, NULL, {NOW}
ORDER BY position
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Locked:
    """Issues that nobody else can change until the transaction ends.

    now: the service's present, read after the locks. loads: agent to the units of their capacity in use.
    """

    issues: dict[UUID, Issue]
    now: datetime
    loads: dict[str, int]


@dataclass(frozen=True, slots=True)
class Drafted:
    """An entry about to be written."""

    issue: UUID
    entry: Entry
    traceparent: str | None = None


@dataclass(slots=True)
class Drafts:
    """What a transaction is about to write: the newest state of each issue, and every entry on the way there.

    automation: the rules that what is written may set off; due: what they are to do. jobs: what the customers of
    other issues are to hear.
    """

    issues: dict[UUID, Issue] = field(default_factory=dict)
    created: set[UUID] = field(default_factory=set)
    entries: list[Drafted] = field(default_factory=list)
    automation: Automation = NO_RULES
    due: list[Due] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)

    def take(
        self,
        decision: Decision,
        *,
        new: bool = False,
        traceparent: str | None = None,
        heard: Sequence[type[Fact]] = (),
        command: Command | None = None,
    ) -> None:
        """Add what was decided, what rules of automation are to do about it, and what others are to hear of it.

        traceparent: the trace of what asked for it, when that is not the present one. heard: the facts of others
        that it was decided on, by their types. command: that it was decided on.
        """
        issue = decision.issue
        self.due.extend(due(self.automation, decision, heard))
        if issue.links:
            self.jobs.extend(told_of(decision, command))
        self.issues[issue.id] = issue
        self.entries.extend(Drafted(issue.id, entry, traceparent) for entry in decision.entries)
        if new:
            self.created.add(issue.id)


async def lock(tx: Transaction, ids: Collection[UUID], *, claimants: Collection[str] = ()) -> Locked:
    """The issues with these ids, as far as they exist, locked in id order; and the claimants' loads.

    Lock the claimants' own rows before, else two of their claims may not see each other.
    """
    rows = await tx.fetch(_LOCK, sorted(ids), sorted(claimants))
    if not rows:
        return Locked({}, await tx.now(), {})
    issues = [issue_of(row[0]) for row in rows]
    return Locked({issue.id: issue for issue in issues}, max(row[1] for row in rows), json.loads(rows[0][2] or "{}"))


async def lock_due(
    tx: Transaction, *, tiers: Collection[int], others: Collection[int] | None, limit: int
) -> Sequence[tuple[Issue, datetime]]:
    """At most `limit` issues with something due, longest due first, that no other process has in work; and the present.

    tiers: those whose timers are ours. others: every tier but these is ours too, or None.
    """
    rows = await tx.fetch(LOCK_DUE, sorted(tiers), others is not None, sorted(others or ()), limit)
    return [(issue_of(row[0]), row[1]) for row in rows]


async def put_off(tx: Transaction, issues: Collection[UUID], span: timedelta) -> None:
    """Look at the deadlines of these locked issues again after a while."""
    if issues:
        await tx.fetch(
            f"UPDATE issues SET next_due = {NOW} + $2::interval WHERE id = ANY($1)",  # noqa: S608
            sorted(issues),
            span,
        )


async def lock_next(
    tx: Transaction, tier: int, agent: Agent, *, room: int, skills_wait: timedelta | None
) -> tuple[Issue, datetime] | None:
    """The first issue of a tier's queue that this agent may claim and nobody else is claiming right now.

    room: units that the agent may take. skills_wait: None when no skill is ever dropped.
    """
    wait_seconds = skills_wait.total_seconds() if skills_wait else None
    rows = await tx.fetch(NEXT, tier, agent.id, sorted(agent.teams), room, words(agent.skills), wait_seconds)
    return (issue_of(rows[0][0]), rows[0][1]) if rows else None


async def lock_offered(tx: Transaction, agent: Agent, *, room: int) -> tuple[Issue, datetime] | None:
    """The first issue that is offered to this agent by name at none of their tiers. room: as of `lock_next`."""
    rows = await tx.fetch(OFFERED, agent.id, sorted(agent.tiers), room)
    return (issue_of(rows[0][0]), rows[0][1]) if rows else None


async def load_of(tx: Transaction, agent: str, tiers: Collection[int]) -> tuple[int, int]:
    """Units in use of an agent whose row is locked, and how many of them at other tiers than these."""
    rows = await tx.fetch(LOAD, agent, sorted(tiers))
    return int(rows[0][0]), int(rows[0][1])


async def find(tx: Transaction, issue: UUID) -> Issue | None:
    """One issue, not locked."""
    rows = await tx.fetch("SELECT body::text FROM issues WHERE id = $1", issue)
    return issue_of(rows[0][0]) if rows else None


async def find_all(tx: Transaction, issues: Collection[UUID]) -> dict[UUID, Issue]:
    """These issues as far as they exist, not locked."""
    rows = await tx.fetch("SELECT body::text FROM issues WHERE id = ANY($1)", list(issues))
    return {issue.id: issue for issue in (issue_of(row[0]) for row in rows)}


async def exists(tx: Transaction, issue: UUID) -> bool:
    """Whether there is such an issue."""
    return bool(await tx.fetch("SELECT 1 FROM issues WHERE id = $1", issue))


async def save(tx: Transaction, drafts: Drafts) -> None:
    """Write issues, timeline and outbox, and what was asked or mentioned beside them; all of it travels together.

    The issues are locked or new.
    """
    rows = {issue.id: row_of(issue) for issue in drafts.issues.values()}
    await tx.insert(ISSUES, [row for key, row in rows.items() if key in drafts.created])
    await tx.update(ISSUES, [changing(row) for key, row in rows.items() if key not in drafts.created])
    # Each fact is turned into JSON once, for the timeline and for the outbox.
    entries = [(drafted, drafted.entry.fact.model_dump_json()) for drafted in drafts.entries]
    await tx.insert(TIMELINE, [_timeline_row(drafted, fact_json) for drafted, fact_json in entries])
    if beside := [(one.issue, one.entry) for one in drafts.entries if isinstance(one.entry.fact, BESIDE)]:
        await passed_by.write(tx, beside)
        await consult_list.write(tx, beside)
        await mention_list.write(tx, beside)
        await link_rows.write(tx, [(drafts.issues[issue], entry) for issue, entry in beside])
    await automation_queue.add(tx, drafts.due)
    await bulk_store.add(tx, drafts.jobs)
    await publish(tx, [_outgoing(drafted, fact_json) for drafted, fact_json in entries], source=SOURCE)


async def keep_early(tx: Transaction, facts: Sequence[tuple[UUID, Fact]]) -> None:
    """Remember facts until their issue is routed."""
    rows = [{"issue_id": issue, "type": fact.TYPE, "fact": fact.model_dump_json()} for issue, fact in facts]
    await tx.insert(EARLY_FACTS, rows)


async def lock_with_early(
    tx: Transaction, ids: Collection[UUID], *, routed: Collection[UUID]
) -> tuple[Locked, dict[UUID, list[Fact]]]:
    """The issues with these ids, as far as they exist, locked in id order; and the facts that waited for the routed.

    Those come in the order of their arrival, and are remembered no longer.
    """
    rows = await tx.fetch(_LOCK_WITH_EARLY, sorted(ids), sorted(routed))
    issues: dict[UUID, Issue] = {}
    early: dict[UUID, list[Fact]] = {}
    now = None
    for waiting_for, kind, body, _, present in rows:
        if waiting_for is not None:
            early.setdefault(waiting_for, []).append(FACTS[kind].model_validate_json(body))
        elif body is not None:
            issue = issue_of(body)
            issues[issue.id] = issue
        else:
            now = present
    assert now is not None
    return Locked(issues, now, {}), early


def _outgoing(drafted: Drafted, fact_json: str) -> Outgoing:
    fact = drafted.entry.fact
    return Outgoing(str(drafted.issue), fact, time=fact.at, traceparent=drafted.traceparent, json=fact_json)


def _timeline_row(drafted: Drafted, fact_json: str) -> dict[str, Any]:
    fact = drafted.entry.fact
    return {
        "issue_id": drafted.issue,
        "version": fact.standing.version,
        "at": fact.at,
        "type": fact.TYPE,
        "actor": fact.actor.model_dump_json(),
        "fact": fact_json,
        "private": json.dumps(drafted.entry.private),
    }
