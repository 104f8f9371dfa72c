"""How far each service has come, read from its own tables while a load runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from onebox.bench.stage import Stage

EVERY: Final = timedelta(milliseconds=500)
QUESTIONS: Final = {
    "placed": ("tier-queues", "SELECT count(*) FROM issues"),
    "decided": ("router", "SELECT count(*) FROM decision"),
    "known": ("notifications", "SELECT count(*) FROM recipient"),
    "mails": ("notifications", "SELECT count(*) FROM delivery WHERE state = 'waiting'"),
    "accepted": ("intake", "SELECT count(*) FROM issue"),
}
"""Asked from the end of the pipeline to its beginning, so that no backlog seems negative."""


@dataclass(frozen=True)
class Sample:
    """Counts at one moment. at: by `time.monotonic`. known: issues that notifications has heard of."""

    at: float
    accepted: int
    decided: int
    placed: int
    known: int
    mails: int

    @property
    def notices(self) -> int:
        """Issues that notifications has still to hear of."""
        return self.accepted - self.known


@asynccontextmanager
async def sampling(here: Stage) -> AsyncIterator[list[Sample]]:
    """Samples, two a second while the block runs, oldest first."""
    async with AsyncExitStack() as stack:
        connections: dict[str, Any] = {}
        for service in sorted({service for service, _ in QUESTIONS.values()}):
            connections[service] = await here.connect(service)
            stack.push_async_callback(connections[service].close)
        samples: list[Sample] = []
        task = asyncio.create_task(_sample(connections, samples))
        try:
            yield samples
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _sample(connections: dict[str, Any], samples: list[Sample]) -> None:
    while True:
        at = time.monotonic()
        counts = {name: await connections[service].fetchval(sql) for name, (service, sql) in QUESTIONS.items()}
        samples.append(Sample(at=at, **counts))
        await asyncio.sleep(EVERY.total_seconds())
