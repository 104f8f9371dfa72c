"""Notifications on a real database, with facts given to its consumer and its senders called by the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from notifications import deliveries
from notifications.app import build
from notifications.mail_sender import MailSender, letterhead
from notifications.settings import Settings
from shared.bus import Consumer
from shared.db import Database
from shared.events import Envelope, Fact
from shared.ids import new_id
from shared.migrate import migrate
from shared.service import Service
from support.events import envelope, record
from support.infrastructure import Infrastructure
from support.people import public_keys

TABLES = (
    "recipient",
    "early",
    "webhook",
    "delivery",
    "outbox",
    "outbox_sequence",
    "inbox",
    "dead_letter",
    "idempotency",
    "directory",
)

_migrated: set[str] = set()


def settings_of(infrastructure: Infrastructure, **changes: Any) -> Settings:
    """Settings on these servers; mail comes from support@example.com."""
    given = {"TIERDESK_STAFF_PUBLIC_KEYS": public_keys(), "mail_from": "Support <support@example.com>"}
    return Settings.model_validate(infrastructure.environment() | given | changes)


async def emptied(settings: Settings) -> None:
    """Bring the database to its newest schema and forget all that a test before left in it."""
    if settings.database_name not in _migrated:
        await migrate(settings)
        _migrated.add(settings.database_name)
    db = Database(settings)
    async with db.transaction() as tx:
        for table in TABLES:
            await tx.fetch(f"DELETE FROM {table}")
        await tx.fetch("UPDATE clock SET ahead = '0'")
    await db.close()


@dataclass
class Bench:
    """The service's parts, worked by hand: `hear` is what the consumer does with one poll."""

    service: Service
    settings: Settings
    _sequence: dict[tuple[str, str], int] = field(default_factory=dict)
    _offset: "count[int]" = field(default_factory=count)

    @property
    def db(self) -> Database:
        return self.service.db

    @property
    def consumer(self) -> Consumer:
        assert self.service.consumer is not None
        return self.service.consumer

    @property
    def mails(self) -> MailSender:
        return MailSender(self.db, self.settings, letterhead(self.settings))

    @property
    def staff_mails(self) -> MailSender:
        return replace(self.mails, claim=deliveries.claim_staff_mails)

    def event(self, fact: Fact, issue: UUID | None = None) -> Envelope[Any]:
        """A fact as the next of its issue and producer."""
        event = envelope(fact, subject=issue or new_id())
        place = (event.subject, event.source)
        self._sequence[place] = self._sequence.get(place, 0) + 1
        return event.model_copy(update={"seq": self._sequence[place]})

    async def hear(self, *events: Envelope[Any]) -> None:
        """Give events to the consumer, as one poll."""
        await self.consumer.handle([record(event, offset=next(self._offset)) for event in events])

    async def send_all(self) -> None:
        """Send mails until nothing more is due."""
        while await self.mails.send_batch():
            pass

    async def pass_time(self, span: timedelta) -> None:
        """Move the service's clock ahead."""
        async with self.db.transaction() as tx:
            await tx.fetch("UPDATE clock SET ahead = ahead + $1::interval", span)

    async def deliveries(self, issue: UUID, *columns: str) -> Sequence[Any]:
        """Columns of an issue's deliveries, oldest first."""
        async with self.db.transaction() as tx:
            rows = await tx.fetch(
                f"SELECT {', '.join(columns)} FROM delivery WHERE issue = $1 ORDER BY position", issue
            )
        return [row[0] if len(columns) == 1 else tuple(row) for row in rows]

    async def published(self, issue: UUID) -> list[tuple[str, str]]:
        """(type, body) of what the outbox holds about an issue, oldest first."""
        async with self.db.transaction() as tx:
            rows = await tx.fetch(
                "SELECT type, payload FROM outbox WHERE aggregateid = $1 ORDER BY position", str(issue)
            )
        return [tuple(row) for row in rows]


@asynccontextmanager
async def bench(infrastructure: Infrastructure, **changes: Any) -> AsyncIterator[Bench]:
    """The parts over an empty database."""
    settings = settings_of(infrastructure, **changes)
    await emptied(settings)
    service = build(settings)
    try:
        yield Bench(service, settings)
    finally:
        await service.db.close()
