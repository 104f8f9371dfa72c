"""Events that could not be handled, and those that wait behind them: kept, replayed or discarded, in order."""

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import Database, Transaction, Unavailable
from shared.events import Envelope, decode
from shared.ids import new_id

OPEN: Final = "('dead', 'parked')"


def dead_letter_table(schema: MetaData) -> Table:
    """Original bytes, headers, cause and origin. state: dead, parked (behind a dead one), replayed, discarded."""
    table = Table(
        "dead_letter",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("position", BigInteger, Identity(always=True), nullable=False),
        Column("key", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("cause", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("settled_by", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("settled_at", DateTime(timezone=True)),
    )
    Index("dead_letter_open", table.c.key, table.c.position, postgresql_where=text(f"state IN {OPEN}"))
    Index("dead_letter_origin", table.c.topic, table.c.partition, table.c.offset, unique=True)
    return table


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from the broker. topic: without namespace."""

    topic: str
    partition: int
    offset: int
    key: str
    type: str
    headers: dict[str, str]
    body: bytes


Apply = Callable[[Transaction, Sequence[Envelope[Any]]], Awaitable[None]]
Settled = Literal["replayed", "discarded"]

_KEEP: Final = """
INSERT INTO dead_letter (id, key, topic, partition, "offset", type, headers, body, cause, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (topic, partition, "offset") DO NOTHING RETURNING id
"""
_COPY: Final = """
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES ($1, $2, $3, 'tierdesk.dead-letter.v1', $4)
"""


async def keep(tx: Transaction, record: Record, *, cause: str, state: Literal["dead", "parked"]) -> None:
    """Store a record with its bytes as they were, and copy a dead one to its topic's `.dlq`."""
    letter = new_id()
    kept = await tx.fetch(
        _KEEP,
        letter,
        record.key,
        record.topic,
        record.partition,
        record.offset,
        record.type,
        json.dumps(record.headers),
        record.body,
        cause[:2000],
        state,
    )
    if kept and state == "dead":
        copy = {"letter": str(letter), "topic": record.topic, "partition": record.partition, "offset": record.offset}
        copy |= {"headers": record.headers, "cause": cause[:2000], "body": base64.b64encode(record.body).decode()}
        await tx.fetch(_COPY, letter, f"{record.topic}.dlq", record.key, json.dumps(copy))
        tx.published = True


class NoSuchLetter(LookupError):
    """There is no open dead letter with this id."""


async def settle(
    db: Database, letter: UUID, how: Settled, *, apply: Apply, by: str, reason: str | None = None
) -> list[UUID]:
    """Replay or discard a dead letter, then everything parked behind it, in order, each in its own transaction.

    Stops at the first event that fails again: that one is the new dead letter. Returns the settled letters' ids.
    Raises NoSuchLetter when `letter` is not the first open one of its key.
    """
    settled: list[UUID] = []
    while True:
        async with db.transaction() as tx:
            first = await _first(tx, letter)
            if not settled and (first is None or first[0] != letter):
                raise NoSuchLetter(str(letter))
            if first is None:
                return settled
            outcome: Settled = how if not settled else "replayed"
            cause = await _replayed(db, first, apply) if outcome == "replayed" else None
            if cause is not None:
                await tx.fetch(
                    "UPDATE dead_letter SET state = 'dead', cause = $2 WHERE id = $1", first[0], cause[:2000]
                )
                return settled
            await tx.fetch(
                "UPDATE dead_letter SET state = $2, settled_by = $3, reason = $4, settled_at = clock_timestamp() "
                "WHERE id = $1",
                first[0],
                outcome,
                by,
                reason,
            )
            settled.append(first[0])


async def _first(tx: Transaction, letter: UUID) -> Any:
    """The oldest open letter of the key that `letter` belongs to, all of the key's letters locked."""
    rows = await tx.fetch(
        "SELECT id, type, body, state FROM dead_letter WHERE key = (SELECT key FROM dead_letter WHERE id = $1) "  # noqa: S608
        f"AND state IN {OPEN} ORDER BY position FOR UPDATE",
        letter,
    )
    return rows[0] if rows else None


async def _replayed(db: Database, row: Any, apply: Apply) -> str | None:
    """Handle one stored event. Returns why it failed again, or None."""
    try:
        event = decode(row[1], bytes(row[2]))
        async with db.transaction() as tx:
            await apply(tx, [event])
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  It failed before, in a way nobody foresaw.
        return f"{type(error).__name__}: {error}"
    return None
