"""What both senders share: a lease on a batch, and outcomes that are written even when the database blinks."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from notifications import deliveries
from notifications.deliveries import Outcome
from shared.db import Database, Unavailable

SAFE_SHARE: Final = 0.5
"""Nothing is begun after this share of a lease: what remains is for the last attempt and for writing outcomes."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send a batch. token: fences off whoever outlived theirs. span: as written in the database."""

    span: timedelta
    token: UUID = field(default_factory=uuid4)
    taken: float = field(default_factory=time.monotonic)

    @property
    def is_safe(self) -> bool:
        """Whether another attempt may begin."""
        return self.age_seconds < self.span.total_seconds() * SAFE_SHARE

    @property
    def age_seconds(self) -> float:
        """Since the batch was taken."""
        return time.monotonic() - self.taken


async def settle(db: Database, lease: Lease, outcomes: Sequence[Outcome]) -> None:
    """Write and publish outcomes. While the lease is safe, a database that is away is waited for.

    Giving up at once would send everything again. Raises Unavailable when the database stays away.
    """
    while True:
        try:
            async with db.transaction() as tx:
                await deliveries.settle(tx, lease.token, outcomes)
            return
        except Unavailable:
            if not lease.is_safe:
                raise
            await asyncio.sleep(db.settings.retry_wait.total_seconds())
