"""The rules of work as of now: what the settings say, and over it what the database holds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType

from shared.db import Database, Transaction, Unavailable
from shared.telemetry import log
from tier_queues.policies import Policies

Layer = Callable[[Transaction, Policies], Awaitable[Policies]]
"""Gives the policies with what one part of the database changes of them; keeps what it read while that is true."""


@dataclass(eq=False)
class Rules(AbstractAsyncContextManager["Rules"]):
    """What is in force. A change is seen at once where `refresh` follows it, elsewhere within `look`.

    usual: what the settings say. layers: applied one after the other, each on what the one before left.
    """

    db: Database
    usual: Policies
    layers: Sequence[Layer]
    look: timedelta
    policies: Policies = field(init=False)
    _following: asyncio.Task[None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.policies = self.usual

    async def refresh(self) -> Policies:
        """Read what is in force now. Raises Unavailable."""
        async with self.db.transaction() as tx:
            policies = self.usual
            for layer in self.layers:
                policies = await layer(tx, policies)
        self.policies = policies
        return policies

    async def __aenter__(self) -> "Rules":
        await self._try_to_refresh()
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self.look.total_seconds())
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        """What was in force stays so while the database is away: nothing can be decided then anyway."""
        try:
            await self.refresh()
        except Unavailable as error:
            log().warning("rules wait", service=self.db.settings.SERVICE, cause=repr(error))
