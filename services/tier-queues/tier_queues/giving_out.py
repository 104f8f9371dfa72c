"""Gives queued issues to available agents, for the teams that want it so."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from shared.db import NOW, Transaction
from tier_queues import pushing, roster, store
from tier_queues.isolation import attempted
from tier_queues.issue import Issue
from tier_queues.policies import Policies
from tier_queues.presence import Minded
from tier_queues.pushing import Candidate
from tier_queues.rows import issue_of
from tier_queues.store import AT_WORK, Drafts

# Who is just claiming something is passed over until the next round, and never waited for.
_AGENTS: Final = f"""
SELECT {roster.MEMBER}, pushed_at FROM agents
WHERE active AND availability = 'online' AND teams && $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608
LOADS: Final = f"""
SELECT agent, sum(weight)::int FROM (
    SELECT owner AS agent, weight FROM issues WHERE owner = ANY($1) AND state IN {AT_WORK} AND NOT held
    UNION ALL
    SELECT queue_agent, weight FROM issues WHERE queue_agent = ANY($1) AND state = 'queued'
) AS taken GROUP BY agent
"""  # noqa: S608
_WAITING: Final = f"""
SELECT locked.body::text, {NOW} FROM (
    SELECT body FROM issues
    WHERE queue_tier IS NOT NULL AND state = 'queued' AND queue_team = ANY($1) AND queue_agent IS NULL
        AND (queue_tier = ANY($2) OR $3 AND queue_tier <> ALL($4))
        AND EXISTS (
            SELECT FROM jsonb_to_recordset($5) AS free (teams text[], tiers int[], able text[], room int)
            WHERE queue_team = ANY(teams) AND queue_tier = ANY(tiers) AND weight <= room
                AND (skills IS NULL OR NOT EXISTS (
                    SELECT FROM jsonb_array_elements_text(skills) WITH ORDINALITY AS asked (skill, place)
                    WHERE skill <> ALL(able) AND place <= jsonb_array_length(skills)
                        - coalesce(floor(extract(epoch FROM (SELECT {NOW}) - queued_since) / $6), 0)
                ))
        )
    ORDER BY priority, queued_since, accepted_at, id LIMIT $7 FOR UPDATE SKIP LOCKED
) AS locked
"""  # noqa: S608
"""What somebody has room for: a team whose agents are busy, however much waits there, keeps no other one waiting."""
_PASSED_BY: Final = f"SELECT agent, issue_id FROM skips WHERE agent = ANY($1) AND until > {NOW}"  # noqa: S608
_TURNS: Final = """
UPDATE agents SET pushed_at = turn FROM unnest($1::text[], $2::timestamptz[]) AS turns (agent, turn) WHERE id = agent
"""


async def give_out(tx: Transaction, minded: Minded, *, limit: int, policies: Policies) -> int:
    """Give at most `limit` queued issues to available agents with room. Returns how many were given.

    By priority, then the longest wait. Locks agents before issues, as a claim does, and waits for neither.
    """
    teams = sorted(team.name for team in policies.teams.values() if team.push)
    rows = await tx.fetch(_AGENTS, teams)
    now = await tx.now()
    members = {row.id: (roster.member_of(row), row.pushed_at) for row in rows}
    members = {agent: known for agent, known in members.items() if known[0].is_available(now)}
    candidates = await _candidates(tx, members)
    free = [one for one in candidates if one.load < one.capacity]
    if not free:
        return 0
    issues = await _waiting(tx, teams, free, minded, limit, policies)
    passed_by = await _passed_by(tx, [one.id for one in candidates]) if issues else frozenset()
    drafts, turns = Drafts(automation=policies.automation), {}
    given = pushing.handed_out(issues, candidates, passed_by=passed_by, now=now, policies=policies)
    for place, (issue, taker) in enumerate(given, 1):
        decision = attempted(issue.id, "give out", partial(pushing.pushed, issue, taker, now=now, policies=policies))
        if decision is not None:
            drafts.take(decision)
        turns[taker.id] = pushing.turn(now, place)
    await store.save(tx, drafts)
    if turns:
        await tx.fetch(_TURNS, list(turns), list(turns.values()))
    return len(drafts.issues)


async def _candidates(tx: Transaction, members: Mapping[str, tuple[roster.Member, Any]]) -> list[Candidate]:
    if not members:
        return []
    loads = dict(map(tuple, await tx.fetch(LOADS, sorted(members))))
    return [
        Candidate(
            id=member.id,
            name=member.name,
            tiers=frozenset(member.tiers),
            teams=frozenset(member.teams),
            able=pushing.able(member.skills),
            capacity=member.capacity,
            load=loads.get(member.id, 0),
            turn=pushed_at,
        )
        for member, pushed_at in members.values()
    ]


async def _waiting(
    tx: Transaction,
    teams: Sequence[str],
    free: Sequence[Candidate],
    minded: Minded,
    limit: int,
    policies: Policies,
) -> list[Issue]:
    wait_seconds = policies.skills_wait.total_seconds() if policies.skills_wait else None
    others = sorted(minded.others or ())
    mine = (sorted(minded.tiers), minded.others is not None, others)
    rows = await tx.fetch(_WAITING, teams, *mine, _rooms(free), wait_seconds, limit)
    return [issue_of(row[0]) for row in rows]


def _rooms(free: Sequence[Candidate]) -> str:
    """The most units for which there is room, of each kind of agent: with the same teams, tiers and skills."""
    rooms: dict[tuple[tuple[Any, ...], ...], int] = {}
    for one in free:
        kind = (tuple(sorted(one.teams)), tuple(sorted(one.tiers)), tuple(sorted(one.able)))
        rooms[kind] = max(rooms.get(kind, 0), one.capacity - one.load)
    kinds = [
        {"teams": teams, "tiers": tiers, "able": able, "room": room} for (teams, tiers, able), room in rooms.items()
    ]
    return json.dumps(kinds)


async def _passed_by(tx: Transaction, agents: Sequence[str]) -> Collection[tuple[str, UUID]]:
    return frozenset((row[0], row[1]) for row in await tx.fetch(_PASSED_BY, agents))
