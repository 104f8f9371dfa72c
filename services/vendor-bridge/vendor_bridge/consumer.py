"""IN: facts. Ends in the table of contents."""

from typing import Final

from shared.bus import PATIENT, Consumer
from shared.db import Database
from shared.events.directory import SessionRevoked
from shared.events.work import IssueForwarded
from shared.handling import Handlers, by_handler, keep_entries
from vendor_bridge import handlers
from vendor_bridge.settings import Settings


def consumer(db: Database, settings: Settings) -> Consumer:
    """The service's one consumer."""
    return Consumer(db, frozenset(HANDLERS), by_handler(HANDLERS, settings), pace=PATIENT)


HANDLERS: Final[Handlers] = {
    IssueForwarded: handlers.open_cases,
    SessionRevoked: keep_entries,
}
