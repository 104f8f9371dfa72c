"""IN: facts. Ends in the table of contents."""

from typing import Final

from notifications import handlers
from notifications.notices import SAY
from shared.bus import PATIENT, Consumer
from shared.db import Database
from shared.events.directory import ClientApplicationListed, SessionRevoked
from shared.events.issues import IssueSubmitted
from shared.handling import Handlers, by_handler, keep_entries


def consumer(db: Database) -> Consumer:
    """The one consumer of this service."""
    return Consumer(db, frozenset(HANDLERS), by_handler(HANDLERS), pace=PATIENT)


HANDLERS: Final[Handlers] = {
    IssueSubmitted: handlers.tell,
    **dict.fromkeys(SAY, handlers.tell),
    ClientApplicationListed: keep_entries,
    SessionRevoked: keep_entries,
}
