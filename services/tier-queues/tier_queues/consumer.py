"""Facts in: routing, what customers add, what vendors and mail servers say. Ends in the table of contents."""

from collections.abc import Sequence
from typing import Any, Final

from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.events import Envelope, Fact
from shared.events.directory import VendorListed
from tier_queues import handlers
from tier_queues.issue import EFFECTS
from tier_queues.rules import Rules

ABOUT_ISSUES: Final[frozenset[type[Fact]]] = frozenset(fact for _, fact in EFFECTS)
"""Facts that have an effect on an issue in each of its states."""
HEARD: Final[frozenset[type[Fact]]] = ABOUT_ISSUES | {VendorListed}


def consumer(db: Database, rules: Rules) -> Consumer:
    """The service's consumer: each poll's new events take effect together, in order per issue."""

    async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        await handlers.take_facts(tx, events, policies=rules.policies)

    return Consumer(db, facts=HEARD, apply=apply)
