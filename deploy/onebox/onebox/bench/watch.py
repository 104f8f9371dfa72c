"""Sees issues become claimable: a connection that looks into tier-queues' table every few milliseconds."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from onebox.bench import NothingMeasured
from onebox.bench.stage import Stage

LOOK_EVERY: Final = timedelta(milliseconds=4)
SEEN_WITHIN: Final = timedelta(seconds=30)
LOST_AFTER_SECONDS: Final = 5.0
"""A number that is not seen so long after a later one was given to nobody."""


class NeverClaimable(NothingMeasured):
    """Issues that were accepted did not come to a tier."""


class Watch:
    """When each issue was first seen, by number."""

    def __init__(self, connection: Any, highest: int) -> None:
        self._connection = connection
        self._seen: dict[int, float] = {}
        self._low = self._highest = highest

    async def until_seen(self, numbers: set[int]) -> dict[int, float]:
        """Epoch second at which each issue was first seen. Raises NeverClaimable."""
        deadline = time.monotonic() + SEEN_WITHIN.total_seconds()
        while missing := numbers - self._seen.keys():
            if time.monotonic() > deadline:
                raise NeverClaimable(f"{len(missing)} issues were not seen on any tier")
            await asyncio.sleep(LOOK_EVERY.total_seconds())
        return self._seen

    async def look(self) -> None:
        """Look until cancelled."""
        while True:
            rows = await self._connection.fetch("SELECT number FROM issues WHERE number > $1", self._low)
            now = time.time()
            for (number,) in rows:
                self._seen.setdefault(number, now)
                self._highest = max(self._highest, number)
            self._move_up(now)
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    def _move_up(self, now: float) -> None:
        """Ask no more for numbers below which everything was seen, so that each look costs little."""
        while self._low < self._highest and (self._low + 1 in self._seen or self._is_lost(self._low + 1, now)):
            self._low += 1

    def _is_lost(self, number: int, now: float) -> bool:
        later = next(after for after in range(number + 1, self._highest + 1) if after in self._seen)
        return now - self._seen[later] > LOST_AFTER_SECONDS


@asynccontextmanager
async def watching(here: Stage) -> AsyncIterator[Watch]:
    """Watch while the block runs."""
    connection = await here.connect("tier-queues")
    watch = Watch(connection, await connection.fetchval("SELECT coalesce(max(number), 0) FROM issues"))
    looking = asyncio.create_task(watch.look())
    try:
        yield watch
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await connection.close()
