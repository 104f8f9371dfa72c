"""IN: facts. Ends in the table of contents."""

from typing import Final

from router import handlers
from router.handlers import Desk
from shared.bus import Consumer
from shared.db import Database
from shared.events.directory import SessionRevoked
from shared.events.issues import FormAnswered, IssueSubmitted
from shared.events.work import IssueReclassified, IssueReopened, IssueResolved
from shared.handling import Handlers, by_handler, keep_entries


def consumer(db: Database, desk: Desk) -> Consumer:
    """The router's consumer. Within a poll, submissions are decided before corrections."""
    return Consumer(db, frozenset(HANDLERS), by_handler(HANDLERS, desk))


HANDLERS: Final[Handlers] = {
    IssueSubmitted: handlers.decide_submitted,
    IssueReclassified: handlers.decide_again,
    IssueResolved: handlers.confirm,
    IssueReopened: handlers.confirm,
    FormAnswered: handlers.keep_answers,
    SessionRevoked: keep_entries,
}
