"""Requests in flight together share a transaction; a lone one is not delayed, and only an offender gets the error."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, cast

from shared.db import Database, Transaction, Unavailable
from shared.inbox import Overtaken
from shared.problems import Problem

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_ATTEMPTS: Final = 3


@dataclass(eq=False)
class Together(Generic[Item, Outcome]):
    """Runs items in batches. run: takes effect of a batch in one transaction and returns, item by item, the outcome
    or the Problem that refuses it; when it raises, each item is run alone.

    limit: items of a batch. lanes: batches at work at the same time; what comes while all are busy waits for the next.
    """

    db: Database
    run: Callable[[Transaction, Sequence[Item]], Awaitable[Sequence[Outcome | Problem]]]
    limit: int = 100
    lanes: int = 2
    _waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = field(default_factory=deque)
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def submit(self, item: Item) -> Outcome:
        """The committed outcome of one item. Raises its Problem, or Unavailable when the database is away."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._busy) < self.lanes:
            lane = asyncio.create_task(self._work())
            self._busy.add(lane)
        return await done

    async def close(self) -> None:
        """Wait until everything submitted has its outcome."""
        while self._busy:
            await asyncio.wait(self._busy)

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self.limit, len(self._waiting)))]
                await self._settle(batch)
        finally:
            # At once, not by a callback: what is submitted before that ran would wait for a lane that has ended.
            self._busy.remove(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _settle(self, batch: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._commit([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  Handed to whoever submitted the item.
            if len(batch) == 1 or type(error) is Unavailable:
                # A database that is away is so for everybody; asking it again for each would only add up the waits.
                for _, done in batch:
                    _settle_one(done, error)
                return
            for pair in batch:
                await self._settle([pair])
            return
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            _settle_one(done, outcome)

    async def _commit(self, items: Sequence[Item]) -> Sequence[Outcome | Problem]:
        for _ in range(_ATTEMPTS - 1):
            try:
                async with self.db.transaction() as tx:
                    return await self.run(tx, items)
            except Overtaken:
                continue
        async with self.db.transaction() as tx:
            return await self.run(tx, items)


def _settle_one(done: "asyncio.Future[Outcome]", outcome: Outcome | Exception) -> None:
    """Hand over an outcome, unless whoever asked for it has gone."""
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)
