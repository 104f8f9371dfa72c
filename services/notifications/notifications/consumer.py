"""IN: facts. Ends in the table of contents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from notifications import handlers
from notifications.notices import SAY
from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.events import Envelope, Fact
from shared.events.directory import ClientApplicationListed, SessionRevoked
from shared.events.issues import IssueSubmitted

Handler = Callable[[Transaction, Sequence[Envelope[Any]]], Awaitable[None]]


def consumer(db: Database) -> Consumer:
    """The one consumer of this service."""
    return Consumer(db, facts=frozenset(HANDLERS), apply=apply)


async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Take effect of one poll: each handler gets all of its events at once, in order."""
    shares: dict[Handler, list[Envelope[Any]]] = {}
    for event in events:
        shares.setdefault(HANDLERS[type(event.data)], []).append(event)
    for handle, share in shares.items():
        await handle(tx, share)


HANDLERS: Final[Mapping[type[Fact], Handler]] = {
    IssueSubmitted: handlers.tell,
    **dict.fromkeys(SAY, handlers.tell),
    ClientApplicationListed: handlers.copy,
    SessionRevoked: handlers.copy,
}
