"""IN: facts. Ends in the table of contents."""

from typing import Final

from notifications import announcing, feature_requests, handlers
from notifications.notices import SAY
from notifications.staff_notices import CALLS
from shared.bus import PATIENT, Consumer
from shared.db import Database
from shared.events.announcements import AnnouncementAddressed
from shared.events.directory import AgentListed, ClientApplicationListed, SessionRevoked, TeamListed
from shared.events.features import FeatureRequestChanged
from shared.events.issues import IssueSubmitted
from shared.handling import Handlers, by_handler, keep_entries


def consumer(db: Database) -> Consumer:
    """The one consumer of this service."""
    return Consumer(db, frozenset(HANDLERS), by_handler(HANDLERS), pace=PATIENT)


HANDLERS: Final[Handlers] = {
    IssueSubmitted: handlers.tell,
    **dict.fromkeys(SAY, handlers.tell),
    AnnouncementAddressed: announcing.announce,
    FeatureRequestChanged: feature_requests.tell,
    **dict.fromkeys(CALLS, handlers.tell),
    ClientApplicationListed: keep_entries,
    SessionRevoked: keep_entries,
    AgentListed: keep_entries,
    TeamListed: keep_entries,
}
