"""What every service forgets by the clock: answers past their window, and revocations that no live token needs."""

from typing import Final

from shared.db import Database
from shared.idempotency import forget
from shared.revocations import forget_revocations

FORGOTTEN_AT_ONCE: Final = 5000
"""Answers deleted in one transaction."""


async def keep_house(db: Database) -> bool:
    """Forget what is over in a service's database. Returns whether there is more."""
    async with db.transaction() as tx:
        gone = await forget(tx, db.settings.idempotency_window, limit=FORGOTTEN_AT_ONCE)
        await forget_revocations(tx)
    return gone == FORGOTTEN_AT_ONCE
