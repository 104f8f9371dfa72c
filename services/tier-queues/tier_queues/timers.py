"""Deadlines: what happens to issues by itself, and the housekeeping of a process."""

from collections.abc import Sequence

from shared.db import Database
from shared.service import Timer
from tier_queues import handlers, sessions
from tier_queues.policies import Policies
from tier_queues.presence import Presence
from tier_queues.settings import Settings


def timers(db: Database, settings: Settings, policies: Policies, presence: Presence) -> Sequence[Timer]:
    """Due issues of this process's tiers, its announcement, and the forgetting of what is over."""

    async def due() -> bool:
        async with db.transaction() as tx:
            minded = await presence.minded(tx)
            changed = await handlers.take_due(
                tx, tiers=minded.tiers, others=minded.others, limit=settings.timer_batch, policies=policies
            )
        return changed == settings.timer_batch

    async def announce() -> bool:
        async with db.transaction() as tx:
            await presence.announce(tx)
        return False

    async def keep_house() -> bool:
        async with db.transaction() as tx:
            await sessions.forget(tx)
        return False

    return (
        Timer(settings.timer_poll, due, "due"),
        Timer(settings.announce_every, announce, "announce"),
        Timer(settings.housekeeping_every, keep_house, "housekeeping"),
    )
