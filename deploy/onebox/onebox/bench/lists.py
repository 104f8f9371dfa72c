"""`bench lists`: pages of a tier, its counts and searches, with 1,000 and with 1,000,000 issues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from onebox.bench import NothingMeasured
from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, at_most, at_most_times, note, quantile
from onebox.bench.stage import Agent, Stage, running, stage
from onebox.bench.stock import TIER, fill, pairs, written
from onebox.demo.issues import Draft
from onebox.layout import PythonProcess

FEW: Final = 1_000
MANY: Final = 1_000_000
OPEN: Final = 100_000
"""Issues of the many that are open; of the few all are, so that each page is full."""
RATE: Final = 100.0
"""Requests per second, open loop: more than all agents of a large organisation make."""
CONNECTIONS: Final = 16
ROUNDS: Final = 5
ROUND_SECONDS: Final = 2.0
WARM_UP_SECONDS: Final = 0.3
RATIO_LIMIT: Final = 1.5
P99_LIMIT_MS: Final = 25.0
SEARCH_P99_LIMIT_MS: Final = 100.0
_LIST: Final = f"/tier-queues/tiers/{TIER}/issues?state=claimable&limit=50"
PAGES: Final[Mapping[str, str]] = {
    "first page": _LIST,
    "by priority": f"{_LIST}&priority=2",
    "by team": f"{_LIST}&team=billing-desk",
    "by category": f"{_LIST}&category=installation",
}
COUNTS: Final = "counts"
SEARCH: Final = "two-word search"


@dataclass(frozen=True)
class Desk:
    """tier-queues over a database with so many issues. latencies_ms: by what is asked for."""

    process: PythonProcess
    agent: Agent
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """The figures. seconds: of each round."""
    texts = written(data)
    asked = {page: [path] for page, path in PAGES.items()} | {
        COUNTS: ["/tier-queues/tiers"],
        SEARCH: [f"/tier-queues/search?limit=50&q={quote(words)}" for words in pairs(texts)],
    }
    async with stage() as here:
        few = await _desk(here, "few.", FEW, FEW, texts)
        many = await _desk(here, "many.", MANY, OPEN, texts)
        async with running(few.process, many.process):
            for _ in range(ROUNDS):
                for what, paths in asked.items():
                    for desk in (few, many):
                        await _ask(desk, what, paths, seconds or ROUND_SECONDS)
    return [*_pages(few, many), *_beside(many)]


def _pages(few: Desk, many: Desk) -> Iterator[Figure]:
    for page in PAGES:
        base, value = (quantile(desk.latencies_ms[page], 0.5) for desk in (few, many))
        yield at_most_times(f"{page}, p50 at {MANY:,} against {FEW:,}", value, "ms", base=base, limit=RATIO_LIMIT)
        yield at_most(f"{page}, p99 at {MANY:,}", quantile(many.latencies_ms[page], 0.99), "ms", limit=P99_LIMIT_MS)


def _beside(many: Desk) -> Iterator[Figure]:
    for what, limit in ((COUNTS, P99_LIMIT_MS), (SEARCH, SEARCH_P99_LIMIT_MS)):
        latencies = many.latencies_ms[what]
        yield Figure(f"{what}, p50 at {MANY:,}", quantile(latencies, 0.5), "ms")
        yield at_most(f"{what}, p99 at {MANY:,}", quantile(latencies, 0.99), "ms", limit=limit)


async def _ask(desk: Desk, what: str, paths: Sequence[str], seconds: float) -> None:
    """One round: the same again and again, searches with other words each time."""
    shots = [Shot(path, method="GET", headers=desk.agent.headers) for path in paths]
    outcome = await shoot(
        Job(desk.process.port, shots, CONNECTIONS, seconds, rate=RATE, warm_up_seconds=WARM_UP_SECONDS)
    )
    if outcome.bad:
        raise NothingMeasured(f"{what} was answered with {outcome.bad}")
    desk.latencies_ms.setdefault(what, []).extend(outcome.latencies_ms)


async def _desk(here: Stage, namespace: str, count: int, waiting: int, texts: Sequence[Draft]) -> Desk:
    """A service of its own over a database of its own."""
    note(f"Making {count:,} issues, {waiting:,} of them open …")
    environment = {"TIERDESK_NAMESPACE": namespace}
    await here.install(**environment)
    await fill(here, namespace, count=count, waiting=waiting, texts=texts)
    process = here.service("tier-queues", roles="web", name=namespace, **environment)
    return Desk(process, here.signed_in("bench-reader", (TIER,)))
