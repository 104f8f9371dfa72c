"""`bench replay`: real incident logs as commands through the API; does every case end as its log says?"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from onebox.bench import NothingMeasured
from onebox.bench.intake import CLIENTS, accepted, until_drained
from onebox.bench.job import Job
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, note, quantile
from onebox.bench.replay_log import STARTER, Case, Place, Step, bpi, servicenow, steps
from onebox.bench.stage import STAFF_CAPACITY, Agent, Stage, posts, running, stage
from onebox.demo.client import Client, client_of
from tierdesk_client import Refused

SAMPLE: Final = 100
"""Cases of each log, evenly drawn, unless told otherwise."""
CATEGORY: Final = "billing"
"""Given with each post, so that every case begins at Tier 1 and is brought from there to where its log begins."""
POSTED_WITHIN_SECONDS: Final = 600.0
THIRD_VISIT: Final = 3
AT_ONCE: Final = 16
"""Cases whose commands of one moment are given beside each other."""
SHOWN: Final = 10
"""Offenders that are listed by name."""
NEVER: Final = "P36500D"
SETTINGS: Final = {"TIERDESK_TIER_QUEUES_CLOSE_AFTER": NEVER}
"""Nothing closes by itself; lease and push are off for the teams that are made here."""
TIERS: Final = (1, 2, 3)
SERVICES: Final = ("intake", "router", "tier-queues", "notifications", "vendor-bridge")

_PICKUPS: Final = """
SELECT extract(epoch FROM taken.at - offered.at)::float8 FROM timeline AS taken
JOIN timeline AS offered ON offered.issue_id = taken.issue_id AND offered.version < taken.version
    AND offered.type LIKE 'tierdesk.issue-released.%'
    AND NOT EXISTS (
        SELECT FROM timeline AS other WHERE other.issue_id = taken.issue_id
            AND other.type LIKE 'tierdesk.issue-claimed.%'
            AND other.version > offered.version AND other.version < taken.version
    )
WHERE taken.type LIKE 'tierdesk.issue-claimed.%' AND taken.issue_id = ANY($1::uuid[])
"""


@dataclass(frozen=True)
class Log:
    """A log that is replayed."""

    name: str
    cases: Sequence[Case]

    @property
    def places(self) -> set[Place]:
        """Everywhere its cases were."""
        return {place for case in self.cases for place in case.places}


async def measure(*, data: Path | None, seconds: float | None, cases: int | None = None) -> list[Figure]:
    """The figures of both logs. cases: of each log, 0 for all."""
    if data is None:
        raise NothingMeasured("Say with --data where the logs are.")
    del seconds  # A replay takes as long as its events.
    logs = [Log("BPI", _sample(bpi(data), cases)), Log("ServiceNow", _sample(servicenow(data), cases))]
    async with stage() as here:
        await here.install()
        agents = await _staff(here, logs)
        parts = [_told(part) for part in here.everything()]
        async with running(*parts), client_of(f"http://127.0.0.1:{here.layout.public.port}") as client:
            return [figure for log in logs for figure in await _replayed(here, client, agents, log)]


def _sample(every: Sequence[Case], cases: int | None) -> list[Case]:
    wanted = SAMPLE if cases is None else cases or len(every)
    return [every[number * len(every) // wanted] for number in range(min(wanted, len(every)))]


def _told(part: Any) -> Any:
    return replace(part, environment={**part.environment, **SETTINGS})


async def _staff(here: Stage, logs: Sequence[Log]) -> dict[str, Agent]:
    """A team for each of the logs', and somebody who works for it; who brings the cases there."""
    from shared.vocabulary import Role
    from tier_queues.seed import FirstAgent, add_agents

    teams = sorted({place.team for log in logs for place in log.places})
    connection = await here.connect("tier-queues")
    try:
        await connection.executemany("INSERT INTO teams (name, tiers) VALUES ($1, $2)", [(t, TIERS) for t in teams])
    finally:
        await connection.close()
    made = [FirstAgent(STARTER, STARTER, Role.AGENT, TIERS, (), STAFF_CAPACITY)]
    made += [FirstAgent(f"agent-{team}", team, Role.AGENT, TIERS, (team,), STAFF_CAPACITY) for team in teams]
    await add_agents(here.tier_queues(), made)
    return {each.id: here.signed_in(each.id, TIERS, each.teams) for each in made}


async def _replayed(here: Stage, client: Client, agents: Mapping[str, Agent], log: Log) -> list[Figure]:
    issues = await _posted(here, log)
    note(f"{log.name}: replaying {sum(len(case.events) for case in log.cases):,} events of {len(issues):,} cases …")
    refused = await _given(here, client, agents, log, issues)
    await until_drained(here, consumers=True)
    offenders = [
        found for case in log.cases for found in await _differences(client, agents[STARTER], case, issues[case.id])
    ]
    for line in [*refused, *offenders][:SHOWN]:
        note(f"{log.name}: {line}")
    wrong = {line.partition(":")[0] for line in offenders}
    right = 100 * (1 - len(wrong) / len(log.cases))
    return [
        Figure(f"{log.name}: cases that end as the log says", right, "%", bar="≥ 100 %", holds=not wrong),
        Figure(f"{log.name}: commands refused", len(refused), "commands", bar="≤ 0", holds=not refused),
        *await _told_of(here, log, list(issues.values())),
    ]


async def _told_of(here: Stage, log: Log, issues: Sequence[str]) -> list[Figure]:
    """Hand-offs, ping-pong and how long what was queued again waited to be taken, in the log's own time."""
    handoffs = [len(case.places) - 1 for case in log.cases]
    back = sum(any(case.places.count(place) >= THIRD_VISIT for place in case.places) for case in log.cases)
    connection = await here.connect("tier-queues")
    try:
        pickups = [row[0] for row in await connection.fetch(_PICKUPS, issues)]
    finally:
        await connection.close()
    figures = [
        Figure(f"{log.name}: hand-offs per case", sum(handoffs) / len(handoffs), "hand-offs"),
        Figure(f"{log.name}: cases with a third visit of a place", 100 * back / len(log.cases), "%"),
    ]
    if pickups:
        figures.append(Figure(f"{log.name}: queue to claim, p50 of {len(pickups)}", quantile(pickups, 0.5) / 3600, "h"))
    return figures


async def _posted(here: Stage, log: Log) -> dict[str, str]:
    """An issue for each case, queued at Tier 1."""
    shots = posts(len(log.cases), data=None, key=here.api_key, category=CATEGORY)
    job = Job(here.layout.public.port, shots, CLIENTS, POSTED_WITHIN_SECONDS, repeat=False, keep=True)
    answers = accepted(await shoot(job)).answers
    await until_drained(here, consumers=True)
    return {case.id: json.loads(body)["id"] for case, (_, _, body) in zip(log.cases, answers, strict=True)}


async def _given(
    here: Stage, client: Client, agents: Mapping[str, Agent], log: Log, issues: Mapping[str, str]
) -> list[str]:
    """Give every command at its time; what was refused."""
    moments: dict[int, dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for case in log.cases:
        for step in steps(case):
            moments[step.at][case.id].append(step)
    clock = await _Clock.of(here, min(moments))
    at_once = asyncio.Semaphore(AT_ONCE)
    refused: list[str] = []

    async def lead(case: str, told: Sequence[Step]) -> None:
        """One case's commands of a moment, one after the other."""
        async with at_once:
            faults = [(step, await _give(client, agents[step.by], issues[case], step)) for step in told]
        refused.extend(f"{case}: {step.command} by {step.by}: {fault}" for step, fault in faults if fault)

    try:
        for moment, cases in sorted(moments.items()):
            await clock.reach(moment)
            await asyncio.gather(*(lead(case, told) for case, told in cases.items()))
    finally:
        await clock.close()
    return refused


async def _give(client: Client, agent: Agent, issue: str, step: Step) -> str | None:
    """Give a command; None, or why it was refused."""
    try:
        await client.post(f"/tier-queues/issues/{issue}/{step.command}", dict(step.body), token=agent.token)
    except Refused as refused:
        return str(refused)
    return None


class _Clock:
    """The services' clock, moved ahead as the log's time goes on; the log begins at the present of then."""

    def __init__(self, connections: Sequence[Any], begin: int, ahead: timedelta) -> None:
        self._connections = connections
        self._begin, self._ahead = begin, ahead
        self._reached = begin

    @classmethod
    async def of(cls, here: Stage, begin: int) -> "_Clock":
        connections = [await here.connect(service) for service in SERVICES]
        return cls(connections, begin, await connections[0].fetchval("SELECT ahead FROM clock"))

    async def reach(self, at: int) -> None:
        if at <= self._reached:
            return
        self._reached = at
        ahead = self._ahead + timedelta(seconds=at - self._begin)
        for connection in self._connections:
            await connection.execute("UPDATE clock SET ahead = greatest(ahead, $1)", ahead)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()


async def _differences(client: Client, reader: Agent, case: Case, issue: str) -> list[str]:
    """In what a case's issue is not what its log says."""
    found = await client.get(f"/tier-queues/issues/{issue}", token=reader.token)
    ending = case.ending
    wanted = {
        "tier": ending.place.tier,
        "team": ending.place.team,
        "handovers": ending.handovers,
        "state": ending.state,
    }
    return [
        f"{case.id}: {name} is {found[name]}, the log says {value}"
        for name, value in wanted.items()
        if found[name] != value
    ]
