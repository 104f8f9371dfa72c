"""Deadlines under fire: workers are killed while promises break, and each is told once, none early, none much late."""

import asyncio
import logging
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from onebox.ports import any_free
from shared.db import NOW
from shared.ids import new_id
from support import events, people
from support.infrastructure import Infrastructure
from support.queue_service import OFFSETS, QueueService, accepted_now, running_queues
from support.running import rows, wait_until
from support.scale import scaled

TIMERS = scaled(10_000)
WORKERS = 4
KILLS = scaled(20, least=4)
POLL = 200
SPREAD = timedelta(seconds=scaled(60, least=12))
"""Within so long all promises break."""
AHEAD = timedelta(seconds=10)
"""Before the first one."""
RESPONSE = timedelta(minutes=15)
"""What is promised to a P1."""
LATE = timedelta(seconds=2)
LATE_AROUND_A_KILL = timedelta(seconds=10)
SEED = 20261122
log = logging.getLogger(__name__)


@asynccontextmanager
async def worker(
    queues: QueueService, infrastructure: Infrastructure, number: int, log: Path
) -> AsyncIterator["Worker"]:
    environment = {
        "PATH": os.environ["PATH"],
        **infrastructure.environment(),
        "TIERDESK_NAMESPACE": queues.settings.namespace,
        "TIERDESK_INSTANCE": f"worker-{number}",
        "TIERDESK_STAFF_PUBLIC_KEYS": people.public_keys(),
    }
    made = Worker(environment, log)
    await made.start()
    try:
        yield made
    finally:
        await made.kill()


class Worker:
    """A process that minds the timers of every tier."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.log = log
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        arguments = [
            sys.executable,
            "-m",
            "tier_queues",
            "run",
            "--roles",
            "worker",
            "--port",
            str(any_free(set())),
        ]
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *arguments, env=self.environment, stdout=output, stderr=output
            )

    async def kill(self) -> None:
        """SIGKILL: no farewell."""
        self.process.kill()
        await self.process.wait()


async def accept(queues: QueueService) -> None:
    """Issues whose first responses are due one after the other, in a quarter of an hour and a little more."""
    first = datetime.now(UTC)
    for start in range(0, TIMERS, POLL):
        moments = [first + SPREAD * place / TIMERS for place in range(start, min(start + POLL, TIMERS))]
        routed = [
            events.envelope(
                events.routed(of=accepted_now(accepted_at=moment), impact="high", urgency="high"), subject=new_id()
            )
            for moment in moments
        ]
        await queues.consumer.handle([events.record(event, offset=next(OFFSETS)) for event in routed])


_FIRST_DUE = f"SELECT min(accepted_at) + $1::interval - {NOW} FROM issues"
_OVERDUE = f"SELECT count(*) FROM issues WHERE next_due <= (SELECT {NOW})"
_TOLD = """
SELECT issue_id, at, (fact->>'due_at')::timestamptz FROM timeline
WHERE type = 'tierdesk.clock-breached.v1' AND fact->>'clock' = 'first-response'
"""


async def pass_warnings(queues: QueueService) -> None:
    """Let three quarters of every promise pass, and the workers tell what that means: ten thousand at once."""
    await queues.move_clock(RESPONSE * 3 / 4 + SPREAD)

    async def told() -> bool:
        return bool((await rows(queues.service.db, _OVERDUE))[0][0] == 0)

    await wait_until(told, timedelta(seconds=120), "every warning is told")


async def broken(queues: QueueService) -> int:
    found = await rows(queues.service.db, f"SELECT count(*) FROM ({_TOLD}) AS told")
    return int(found[0][0])


async def kill_now_and_then(workers: list[Worker], moments: list[datetime]) -> None:
    """One after the other dies while promises break, and is started again."""
    chosen = random.Random(SEED)
    for _ in range(KILLS):
        await asyncio.sleep((AHEAD + SPREAD).total_seconds() / KILLS * chosen.uniform(0.5, 1))
        victim = chosen.choice(workers)
        moments.append(datetime.now(UTC))
        await victim.kill()
        await victim.start()


async def test_every_broken_promise_is_told_once_although_workers_are_killed(
    infrastructure: Infrastructure, tmp_path: Path
) -> None:
    kills: list[datetime] = []
    async with running_queues(infrastructure, frozenset({"web"})) as queues, AsyncExitStack() as stack:
        await accept(queues)
        workers = [
            await stack.enter_async_context(worker(queues, infrastructure, number, tmp_path / f"{number}.log"))
            for number in range(WORKERS)
        ]
        await pass_warnings(queues)
        left = (await rows(queues.service.db, _FIRST_DUE, RESPONSE))[0][0]
        await queues.move_clock(left - AHEAD)
        await kill_now_and_then(workers, kills)

        async def all_told() -> bool:
            return await broken(queues) >= TIMERS

        await wait_until(all_told, timedelta(seconds=120), "every promise is told as broken")
        ahead = (await rows(queues.service.db, "SELECT ahead FROM clock"))[0][0]
        told = await rows(queues.service.db, _TOLD)
        issues = await rows(queues.service.db, "SELECT id FROM issues")
    assert sorted(row[0] for row in told) == sorted(row[0] for row in issues)
    lateness = sorted(at - due for _, at, due in told)
    assert lateness[0] >= timedelta(0), "none is early"
    undisturbed = sorted(at - due for _, at, due in told if not disturbed(due - ahead, kills))
    log.info("%s timers, %s kills: p99 %s, last %s", len(told), KILLS, percentile(lateness), lateness[-1])
    log.info("%s of them away from kills: p99 %s", len(undisturbed), percentile(undisturbed))
    assert percentile(undisturbed) <= LATE
    assert lateness[-1] <= LATE_AROUND_A_KILL


def percentile(ordered: list[timedelta]) -> timedelta:
    """The 99th, of at least one."""
    return ordered[len(ordered) * 99 // 100]


def disturbed(moment: datetime, kills: list[datetime]) -> bool:
    return any(timedelta(0) <= moment - kill <= LATE for kill in kills)
