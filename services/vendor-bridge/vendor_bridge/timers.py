"""Deadlines: due deliveries, and what may be forgotten."""

from shared.db import Database
from shared.service import Timer
from vendor_bridge import registry, store
from vendor_bridge.sender import Sender
from vendor_bridge.settings import Settings


def timers(db: Database, settings: Settings, sender: Sender) -> list[Timer]:
    """All timers of the service."""

    async def clean() -> bool:
        async with db.transaction() as tx:
            await store.forget_callbacks(tx, settings.callback_memory)
            await registry.forget_secrets(tx)
        return False

    return [Timer(settings.retry_wait, sender.turn, "deliveries"), Timer(settings.cleaning_every, clean, "cleaning")]
