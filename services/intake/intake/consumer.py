"""IN: facts. Ends in the table of contents."""

from typing import Final

from intake import announcing, handlers
from shared.bus import PATIENT, Consumer
from shared.db import Database
from shared.events.announcements import AnnouncementMade
from shared.events.directory import SessionRevoked
from shared.events.work import WorkFact
from shared.handling import Handlers, by_handler, keep_entries
from shared.topics import WORK


def consumer(db: Database) -> Consumer:
    """The one consumer of this service."""
    return Consumer(db, frozenset(HANDLERS), by_handler(HANDLERS), pace=PATIENT)


HANDLERS: Final[Handlers] = {
    **dict.fromkeys((fact for fact in WORK.facts if issubclass(fact, WorkFact)), handlers.follow_work),
    AnnouncementMade: announcing.hear,
    SessionRevoked: keep_entries,
}
