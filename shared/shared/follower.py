"""What a process keeps in memory of the database, and how it keeps to it."""

import asyncio
from abc import abstractmethod
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from types import TracebackType
from typing import ClassVar, Self

from shared.db import Database, Unavailable
from shared.telemetry import log


class Follower(AbstractAsyncContextManager["Follower"]):
    """Follows a change at once where `refresh` is called for it, elsewhere within `look`, while its block runs.

    What was in force stays so while the database is away. WHAT: in a log, that which waits then.
    """

    WHAT: ClassVar[str]
    db: Database
    look: timedelta
    _following: asyncio.Task[None] | None = None

    @abstractmethod
    async def refresh(self) -> object:
        """Follow what stands in the database now. Raises Unavailable."""

    async def __aenter__(self) -> Self:
        await self._try_to_refresh()
        self._following = asyncio.create_task(self._keep_following())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def _keep_following(self) -> None:
        while True:
            await asyncio.sleep(self.look.total_seconds())
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        try:
            await self.refresh()
        except Unavailable as error:
            log().warning(f"{self.WHAT} wait", service=self.db.settings.SERVICE, cause=repr(error))
