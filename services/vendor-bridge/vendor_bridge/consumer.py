"""Facts in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from shared import directories
from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.events import Envelope, Fact
from shared.events.directory import SessionRevoked
from shared.events.work import IssueForwarded
from vendor_bridge import handlers
from vendor_bridge.settings import Settings

Handler = Callable[[Transaction, Sequence[Envelope[Any]], Settings], Awaitable[None]]


async def keep_entries(tx: Transaction, events: Sequence[Envelope[Any]], _settings: Settings) -> None:
    """Remember other services' directory entries."""
    await directories.keep(tx, [event.data for event in events])


def consumer(db: Database, settings: Settings) -> Consumer:
    """The service's one consumer."""

    async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        for fact, handle in HANDLERS.items():
            of_its_kind = [event for event in events if isinstance(event.data, fact)]
            if of_its_kind:
                await handle(tx, of_its_kind, settings)

    return Consumer(db, facts=frozenset(HANDLERS), apply=apply)


HANDLERS: Final[Mapping[type[Fact], Handler]] = {
    IssueForwarded: handlers.open_cases,
    SessionRevoked: keep_entries,
}
