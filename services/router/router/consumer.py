"""IN: facts. Ends in the table of contents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from router import handlers
from router.handlers import Desk
from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.events import Envelope, Fact
from shared.events.directory import SessionRevoked
from shared.events.issues import IssueSubmitted
from shared.events.work import IssueReclassified

Handler = Callable[[Transaction, Sequence[Envelope[Any]], Desk], Awaitable[None]]


def consumer(db: Database, desk: Desk) -> Consumer:
    """The router's consumer. Within a poll, submissions are decided before corrections."""

    async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        for fact, handler in HANDLERS.items():
            of_this_kind = [event for event in events if isinstance(event.data, fact)]
            if of_this_kind:
                await handler(tx, of_this_kind, desk)

    return Consumer(db, facts=frozenset(HANDLERS), apply=apply)


HANDLERS: Final[Mapping[type[Fact], Handler]] = {
    IssueSubmitted: handlers.decide_submitted,
    IssueReclassified: handlers.decide_again,
    SessionRevoked: handlers.keep_revoked_sessions,
}
