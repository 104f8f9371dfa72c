"""`bench agents`: each command at 32 clients beside the floor, and 200 agents who race for 10,000 issues."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from onebox.bench.crowd import AGENTS, crowded
from onebox.bench.crowd import SECONDS as CROWD_SECONDS
from onebox.bench.generator import generator
from onebox.bench.intake import CLIENTS, accepted, at_32_clients, until_drained
from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, against_floor, median, note
from onebox.bench.stage import Agent, Stage, posts, running, stage

SECONDS: Final = 4.0
"""About so long each command is measured: on the first run of claims it is seen how many that are."""
ISSUES: Final = 6_000
QUEUE: Final = 10_000
"""Issues that a crowd of agents races for."""
BAR: Final = 0.3
CATEGORY: Final = "billing"
"""Given with each post, so that all come to Tier 1."""
UNTIL_SPENT_SECONDS: Final = 120.0

HANDOVER: Final = {
    "target": {"tier": 2},
    "mode": "cold",
    "reason": "knowledge",
    "impact": "The customer cannot finish the task.",
    "findings": "It happens each time with the steps that the customer wrote.",
    "tried": "Signed in as a test account, tried two browsers.",
    "ask": "Please find the cause.",
    "promised": "An answer today.",
}
Body = dict[str, Any]
COMMANDS: Final[Sequence[tuple[str, int, Callable[[int], Body]]]] = (
    ("claim", 0, lambda _: {}),
    ("reply", 0, lambda number: {"text": f"Thank you for writing. I look into number {number} now."}),
    ("offer", 0, lambda _: HANDOVER),
    ("accept", 1, lambda _: {}),
    ("resolve", 1, lambda number: {"resolution": "solved", "text": f"Number {number} is solved."}),
)
"""Name, whose turn it is (the first owner's or the next one's), and the body."""


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """One figure per command; the same issues go through all of them. Then a crowd of agents races for others."""
    count = int(ISSUES * (seconds or SECONDS) / SECONDS)
    async with stage() as here:
        await here.install()
        bare = await here.floor()
        async with running(*here.everything(), bare):
            agents = await here.agents(CLIENTS, (1, 2))
            issues = await _queued(here, count, data)
            shots = posts(200, data=data, key=here.api_key, path="/floor")
            rates: dict[str, float] = {}
            floors = [await at_32_clients(bare, shots, (seconds or SECONDS) / 2)]
            for name, turn, body in COMMANDS:
                rates[name] = await _rate(here, name, issues, agents[turn:] + agents[:turn], body)
                await until_drained(here, consumers=True)
                floors.append(await at_32_clients(bare, shots, (seconds or SECONDS) / 2))
                note(f"{name}: {rates[name]:,.0f}/s, floor {floors[-2]:,.0f}/s before and {floors[-1]:,.0f}/s after")
            crowd = await here.agents(AGENTS, (1, 2))
            queue = await _queued(here, int(QUEUE * (seconds or SECONDS) / SECONDS), data)
            at_once = await crowded(here, crowd, queue, CROWD_SECONDS)
            return [await generator(here, median(floors)), *_figures(rates, floors), *at_once]


def _figures(rates: Mapping[str, float], floors: Sequence[float]) -> Iterator[Figure]:
    """Each command beside the floor measured right before and after it: a noisy neighbour disturbs both alike."""
    for number, (name, rate) in enumerate(rates.items()):
        floor = (floors[number] + floors[number + 1]) / 2
        yield against_floor(name, rate, "commands/s", floor=floor, at_least=BAR)


async def _queued(here: Stage, count: int, data: Path | None) -> list[str]:
    """Post issues and wait until they can be claimed; their ids."""
    note(f"Posting {count:,} issues …")
    written = posts(count, data=data, key=here.api_key, category=CATEGORY)
    job = Job(here.layout.public.port, written, CLIENTS, UNTIL_SPENT_SECONDS, repeat=False, keep=True)
    outcome = accepted(await shoot(job))
    await until_drained(here, consumers=True)
    return [json.loads(body)["id"] for _, _, body in outcome.answers]


async def _rate(
    here: Stage, name: str, issues: Sequence[str], agents: Sequence[Agent], body: Callable[[int], Body]
) -> float:
    """Give a command once on each issue."""
    shots = [
        Shot(
            f"/tier-queues/issues/{issue}/{name}",
            json.dumps(body(number)),
            headers=agents[number % len(agents)].headers,
        )
        for number, issue in enumerate(issues)
    ]
    job = Job(here.layout.public.port, shots, CLIENTS, UNTIL_SPENT_SECONDS, repeat=False)
    return accepted(await shoot(job)).rate
