"""A service of nothing but its effects: one row per event it applied, so that tests can count and compare."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.events import Envelope, issues, work
from shared.migrate import create_database, create_shared_tables
from shared.settings import ServiceSettings
from support.infrastructure import Infrastructure

POISON = "poison"
"""An event whose text says so cannot be handled."""


class LedgerSettings(ServiceSettings):
    """The usual settings."""

    SERVICE = "ledger"


def settings_of(infrastructure: Infrastructure, **changes: Any) -> LedgerSettings:
    """Settings for the ledger on these servers."""
    return LedgerSettings.model_validate(infrastructure.environment() | changes)


@asynccontextmanager
async def ledger(settings: LedgerSettings) -> AsyncIterator[Database]:
    """The ledger's database, made if missing and emptied."""
    await create_database(settings)
    db = Database(settings)
    async with db.engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
        await connection.run_sync(create_shared_tables)
        await connection.execute(
            text("CREATE TABLE effect (position bigserial, key text, source text, seq bigint, id uuid)")
        )
    try:
        yield db
    finally:
        await db.close()


async def apply(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Note each event; refuse poison."""
    for event in events:
        if getattr(event.data, "text", None) == POISON:
            raise ValueError("this event is poison")
        await tx.fetch(
            "INSERT INTO effect (key, source, seq, id) VALUES ($1, $2, $3, $4)",
            event.subject,
            event.source,
            event.seq,
            event.id,
        )


def consumer(db: Database) -> Consumer:
    """A consumer of customers' replies and of what support did."""
    return Consumer(db, facts=frozenset({issues.CustomerReplied, work.IssueClaimed}), apply=apply)


async def effects(db: Database, key: str | None = None) -> list[tuple[str, str, int]]:
    """(key, source, seq) of all effects, oldest first."""
    async with db.transaction() as tx:
        rows = await tx.fetch(
            "SELECT key, source, seq FROM effect WHERE $1::text IS NULL OR key = $1 ORDER BY position", key
        )
    return [tuple(row) for row in rows]


@asynccontextmanager
async def producer(infrastructure: Infrastructure) -> AsyncIterator[AIOKafkaProducer]:
    """A plain producer, for records that no relay of ours would write."""
    async with AIOKafkaProducer(bootstrap_servers=infrastructure.kafka_bootstrap) as made:
        yield made
