"""Facts in. A poll's events are handled by kind, each kind with a few statements however many there are."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from intake import handlers
from shared.db import Transaction
from shared.events import Envelope, Fact
from shared.events.directory import SessionRevoked
from shared.topics import WORK

Handler = Callable[[Transaction, Sequence[Envelope[Any]]], Awaitable[None]]


async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Take effect of one poll's new events. Raises what its handlers raise."""
    for handler in dict.fromkeys(HANDLERS.values()):
        mine = [event for event in events if HANDLERS[type(event.data)] is handler]
        if mine:
            await handler(tx, mine)


HANDLERS: Final[Mapping[type[Fact], Handler]] = {
    **dict.fromkeys(WORK.facts, handlers.follow_work),
    SessionRevoked: handlers.follow_directory,
}
