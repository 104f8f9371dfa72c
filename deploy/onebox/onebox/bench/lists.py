"""`bench lists`: the first and the filtered page of a tier, with 1,000 and with 1,000,000 issues queued on it."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from onebox.bench import NothingMeasured
from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, at_most, at_most_times, note, quantile
from onebox.bench.stage import Agent, Stage, running, stage
from onebox.layout import PythonProcess
from shared.vocabulary import FAR_FUTURE

FEW: Final = 1_000
MANY: Final = 1_000_000
RATE: Final = 100.0
"""Pages asked for per second, open loop: more than all agents of a large organisation do."""
CONNECTIONS: Final = 16
ROUNDS: Final = 5
ROUND_SECONDS: Final = 2.0
WARM_UP_SECONDS: Final = 0.3
RATIO_LIMIT: Final = 1.5
P99_LIMIT_MS: Final = 25.0
TIER: Final = 1
TEAMS: Final = ("frontline", "frontline", "frontline", "billing-desk")
CATEGORIES: Final = ("password_reset", "billing", "account", "installation", "basic_usage")
PAGES: Final[Mapping[str, str]] = {
    "first page": "",
    "by priority": "&priority=2",
    "by team": "&team=billing-desk",
    "by category": "&category=installation",
}
"""What is asked for, and the filter that asks for it."""
BASE: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Queue:
    """tier-queues over a database with so many queued issues. latencies_ms: by page."""

    count: int
    process: PythonProcess
    agent: Agent
    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: {page: [] for page in PAGES})


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """The figures. seconds: of each round."""
    async with stage() as here:
        few = await _queue(here, "few.", FEW)
        many = await _queue(here, "many.", MANY)
        async with running(few.process, many.process):
            for _ in range(ROUNDS):
                for page in PAGES:
                    for queue in (few, many):
                        await _ask(queue, page, seconds or ROUND_SECONDS)
    return [figure for page in PAGES for figure in _figures(page, few, many)]


def _figures(page: str, few: Queue, many: Queue) -> Iterator[Figure]:
    base, value = (quantile(queue.latencies_ms[page], 0.5) for queue in (few, many))
    yield at_most_times(f"{page}, p50 at {MANY:,} against {FEW:,}", value, "ms", base=base, limit=RATIO_LIMIT)
    yield at_most(f"{page}, p99 at {MANY:,}", quantile(many.latencies_ms[page], 0.99), "ms", limit=P99_LIMIT_MS)


async def _ask(queue: Queue, page: str, seconds: float) -> None:
    """One round: the same page again and again."""
    path = f"/tier-queues/tiers/{TIER}/issues?state=claimable&limit=50{PAGES[page]}"
    shots = [Shot(path, method="GET", headers=queue.agent.headers)]
    outcome = await shoot(
        Job(queue.process.port, shots, CONNECTIONS, seconds, rate=RATE, warm_up_seconds=WARM_UP_SECONDS)
    )
    if outcome.bad:
        raise NothingMeasured(f"{path} was answered with {outcome.bad}")
    queue.latencies_ms[page] += outcome.latencies_ms


async def _queue(here: Stage, namespace: str, count: int) -> Queue:
    """A database of its own, filled by COPY and vacuumed as autovacuum would sooner or later."""
    note(f"Queueing {count:,} issues …")
    began = time.monotonic()
    environment = {"TIERDESK_NAMESPACE": namespace}
    await here.install(**environment)
    async with _database(here, namespace) as connection:
        await connection.copy_records_to_table("issues", records=_rows(count), columns=COLUMNS)
        await connection.execute("VACUUM (ANALYZE) issues")
    note(f"Queued {count:,} in {time.monotonic() - began:.0f} s.")
    process = here.service("tier-queues", roles="web", name=namespace, **environment)
    agent = here.signed_in("bench-reader", (TIER,))
    return Queue(count, process, agent)


@asynccontextmanager
async def _database(here: Stage, namespace: str) -> AsyncIterator[Any]:
    connection = await here.connect("tier-queues", namespace=namespace)
    try:
        yield connection
    finally:
        await connection.close()


def _row(number: int) -> dict[str, Any]:
    """A queued issue: priorities, deadlines, teams and categories spread as far as they can be."""
    at = BASE + timedelta(seconds=number)
    priority = 1 + number * 7 % 5
    team = TEAMS[number % len(TEAMS)]
    return {
        "id": UUID(int=number << 64 | number * 0x9E3779B97F4A7C15 % 2**64),
        "number": 1000 + number,
        "version": 1,
        "state": "queued",
        "tier": TIER,
        "team": team,
        "held": False,
        "unseen": False,
        "triage": number % 20 == 0,
        "priority": priority,
        "category": CATEGORIES[number % len(CATEGORIES)],
        "title": f"Question {number}: it does not do what it should",
        "queue_tier": TIER,
        "queue_team": team,
        "members_only": False,
        "deadline": FAR_FUTURE if priority == 5 else at + timedelta(hours=priority * 24),
        "timer_tier": TIER,
        "accepted_at": at,
        "updated_at": at,
        "body": "{}",
    }


COLUMNS: Final[Sequence[str]] = tuple(_row(0))


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    return (tuple(_row(number).values()) for number in range(count))
