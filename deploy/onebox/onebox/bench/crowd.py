"""200 agents at once, each one command a second whatever the answers do: does anybody get what another one has?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, at_most, note, quantile
from onebox.bench.stage import Agent, Stage

AGENTS: Final = 200
SECONDS: Final = 20.0
RACED_EVERY: Final = 2
"""Of so many commands one is a claim next; the others go for the same issues in pairs."""
CLAIM_LIMIT_MS: Final = 100.0
SATURATION_SECONDS: Final = 4.0
CLAIM_NEXT: Final = "/tier-queues/tiers/1/claim-next"
LOST_RACE: Final = "409"

_DOUBLE: Final = """
SELECT count(*) FROM (
    SELECT issue_id FROM timeline WHERE type LIKE 'tierdesk.issue-claimed.%' GROUP BY issue_id HAVING count(*) > 1
) AS claimed_twice
"""
_CLAIMED: Final = "SELECT count(*) FROM timeline WHERE type LIKE 'tierdesk.issue-claimed.%'"


async def crowded(here: Stage, agents: Sequence[Agent], issues: Sequence[str], seconds: float) -> list[Figure]:
    """The figures. issues: queued at Tier 1, none claimed yet; enough that none of the agents runs out of them."""
    before = await _count(here, _CLAIMED)
    rate = float(len(agents))
    job = Job(here.layout.public.port, _shots(agents, issues), len(agents), seconds, rate=rate, repeat=False)
    outcome = await shoot(job)
    claimed = await _count(here, _CLAIMED) - before
    note(f"{len(agents)} agents at {rate:,.0f} commands/s: {dict(outcome.statuses)}, {claimed:,} issues claimed")
    faults = _faults(outcome.statuses)
    saturated = await _saturated(here, agents)
    return [
        at_most("agents at once, issues with two owners", await _count(here, _DOUBLE), "issues", limit=0),
        at_most("agents at once, claims told and not made", abs(outcome.good - claimed), "claims", limit=0),
        at_most("agents at once, answers that are no claim and no lost race", faults, "answers", limit=0),
        Figure("agents at once, claim p50", quantile(outcome.latencies_ms, 0.5), "ms"),
        at_most("agents at once, claim p99", quantile(outcome.latencies_ms, 0.99), "ms", limit=CLAIM_LIMIT_MS),
        Figure(f"claim next, {len(agents)} agents as fast as they can", saturated, "commands/s"),
    ]


def _shots(agents: Sequence[Agent], issues: Sequence[str]) -> list[Shot]:
    """Turn by turn, one for each agent: claim next, or a claim that the agent after it wants too."""
    shots = []
    for number in range(len(issues)):
        agent = agents[number % len(agents)]
        # Claim next takes from the front of the queue, the races are at its end: neither empties the other's part.
        raced = f"/tier-queues/issues/{issues[-1 - number // (2 * RACED_EVERY)]}/claim"
        path = CLAIM_NEXT if number % (2 * RACED_EVERY) >= RACED_EVERY else raced
        shots.append(Shot(path, "{}", headers=agent.headers))
    return shots


def _faults(statuses: Mapping[str, int]) -> int:
    return sum(count for status, count in statuses.items() if not status.startswith("2") and status != LOST_RACE)


async def _saturated(here: Stage, agents: Sequence[Agent]) -> float:
    """Claims per second when every agent asks again as soon as there is an answer."""
    shots = [Shot(CLAIM_NEXT, "{}", headers=agent.headers) for agent in agents]
    return (await shoot(Job(here.layout.public.port, shots, len(agents), SATURATION_SECONDS))).rate


async def _count(here: Stage, sql: str) -> int:
    connection: Any = await here.connect("tier-queues")
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()
