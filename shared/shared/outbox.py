"""Publish once committed, in order per key: events are rows first, and a relay in every writing process sends them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, Uuid, func

from shared import trace
from shared.db import DRIVER_FAULTS, Database, Transaction, Unavailable, is_passing
from shared.events import EVENT_LIMIT_BYTES, Fact
from shared.failpoint import AFTER_COMMIT, AFTER_PUBLISH, failpoint
from shared.ids import new_id
from shared.telemetry import FAULTS, PUBLISHED, log
from shared.topics import TOPIC_OF

STOP_WITHIN_SECONDS: Final = 2
RELAY_LOCK: Final = 7_410_001
"""Advisory lock of the one relay that publishes from a database; the others wait for their turn."""


def outbox_tables(schema: MetaData) -> tuple[Table, Table]:
    """Unsent events, named so that Debezium's outbox router could take over, and the last `seq` of each key."""
    outbox = Table(
        "outbox",
        schema,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("id", Uuid, nullable=False),
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("traceparent", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        # The table is a queue: without early vacuum its dead rows slow every pass of the relay.
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "5000"},
    )
    sequence = Table(
        "outbox_sequence",
        schema,
        Column("key", Text, primary_key=True),
        Column("seq", BigInteger, nullable=False),
        postgresql_with={"fillfactor": "70"},
    )
    return outbox, sequence


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event to publish. key: issue id or directory entry. id: given where it must be the same at each retry.

    traceparent: of the request that caused it, where one transaction serves several; otherwise the present one.
    json: the fact as JSON, where its maker has it already.
    """

    key: str
    fact: Fact
    id: UUID = field(default_factory=new_id)
    time: datetime | None = None
    traceparent: str | None = None
    json: str | None = None


class EventTooLarge(ValueError):
    """The event would exceed its fact's limit, 128 KiB at most."""


_PUBLISH: Final = """
outbox_event AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        WITH ORDINALITY AS event (id, topic, key, type, body, traceparent, place)
), outbox_counted AS (
    INSERT INTO outbox_sequence AS last (key, seq)
    SELECT key, count(*) FROM outbox_event GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET seq = last.seq + excluded.seq
    RETURNING key, seq
), outbox_numbered AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY place)
        - count(*) OVER (PARTITION BY key) AS behind FROM outbox_event
), outbox_rows AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
    SELECT id, topic, key, type, '{"seq":' || (seq + behind) || ',' || body, traceparent
    FROM outbox_numbered JOIN outbox_counted USING (key) ORDER BY place
)
"""
"""Takes the key's sequence row before the position, so that positions of one key follow its commits."""


async def publish(tx: Transaction, events: Sequence[Outgoing], *, source: str) -> None:
    """Write events to the outbox; the relay sends them once the transaction has committed.

    Lock the issue's own row before, so that two writers of one issue meet there and not here.
    Raises EventTooLarge before anything is written.
    """
    if not events:
        return
    present = trace.current()
    parents = [event.traceparent or present for event in events]
    bodies = [_body(event, source, parent) for event, parent in zip(events, parents, strict=True)]
    await tx.write(
        "outbox",
        _PUBLISH,
        [event.id for event in events],
        [TOPIC_OF[event.fact.TYPE].name for event in events],
        [event.key for event in events],
        [event.fact.TYPE for event in events],
        bodies,
        parents,
    )
    tx.published = True


def _body(event: Outgoing, source: str, parent: str | None) -> str:
    """The envelope without its opening brace and `seq`, which the database adds."""
    at = (event.time or datetime.now(UTC)).isoformat()
    carried = "" if parent is None else f'"traceparent":"{parent}",'
    body = (
        f'"specversion":"1.0","id":"{event.id}","source":"{source}","type":"{event.fact.TYPE}",'
        f'"subject":"{event.key}","time":"{at}",{carried}"datacontenttype":"application/json",'
        f'"data":{event.json or event.fact.model_dump_json()}}}'
    )
    limit = event.fact.LIMIT_BYTES
    if len(body) * 4 > limit and len(body.encode()) + 32 > limit:
        raise EventTooLarge(f"{event.fact.TYPE} would exceed {limit} bytes")
    return body


@dataclass(eq=False)
class Relay:
    """Sends what the outbox holds, oldest first, whenever this process commits and every `relay_poll` besides.

    One relay per database works at a time: it holds an advisory lock, and nothing else, while it waits for the
    broker. A relay that loses its connection loses the lock; rows may then be sent twice, which inboxes absorb.

    only_own: publish when this process has committed and leave what others commit to them. A process that gives way
    would hold up everybody while it holds the lock.
    """

    db: Database
    only_own: bool = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Publish until `stopping`, then until the outbox is empty or the database or broker away."""
        while True:
            last = stopping.is_set()
            try:
                async with self._connected() as (connection, producer):
                    return await self._publish_until(stopping, connection, producer)
            except (KafkaError, Unavailable, *DRIVER_FAULTS) as error:
                if not isinstance(error, (KafkaError, Unavailable)) and not is_passing(error):
                    raise
                FAULTS.labels(self.db.settings.SERVICE, "relay").inc()
                log().warning("relay waits", service=self.db.settings.SERVICE, cause=repr(error))
            if last:
                return None
            await asyncio.sleep(self.db.settings.retry_wait.total_seconds())

    async def _publish_until(
        self, stopping: asyncio.Event, connection: "asyncpg.Connection[asyncpg.Record]", producer: AIOKafkaProducer
    ) -> None:
        woken = True
        while True:
            last = stopping.is_set()
            self.db.published.clear()
            # A poll that nobody caused only looks: an idle installation shall cost next to nothing.
            if woken or last or await self._finds(connection):
                await self._empty(connection, producer)
            if last:
                return
            woken = await self._rest(stopping)

    async def _finds(self, connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
        return not self.only_own and bool(await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"))

    async def _empty(self, connection: "asyncpg.Connection[asyncpg.Record]", producer: AIOKafkaProducer) -> None:
        """Publish until nothing is left."""
        while await self._pass(connection, producer) == self.db.settings.relay_batch:
            pass

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple["asyncpg.Connection[asyncpg.Record]", AIOKafkaProducer]]:
        """A connection and a producer, both let go after any fault: either may be wedged then (aiokafka #1017)."""
        async with AsyncExitStack() as stack:
            connection = await self.db.connect()
            stack.callback(connection.terminate)
            producer = self._producer()
            stack.push_async_callback(_stopped, producer)
            await _started(producer)
            yield connection, producer

    async def _rest(self, stopping: asyncio.Event) -> bool:
        """Wait for a commit, the end or the next poll. Returns whether this process committed events."""
        waits = [asyncio.ensure_future(self.db.published.wait()), asyncio.ensure_future(stopping.wait())]
        try:
            await asyncio.wait(
                waits, timeout=self.db.settings.relay_poll.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        return self.db.published.is_set()

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.db.settings.kafka_bootstrap,
            client_id=f"{self.db.settings.SERVICE}-{self.db.settings.instance}",
            acks="all",
            enable_idempotence=True,
            max_request_size=4 * EVENT_LIMIT_BYTES,
            request_timeout_ms=int(self.db.settings.publish_timeout.total_seconds() * 1000),
        )

    async def _pass(self, connection: "asyncpg.Connection[asyncpg.Record]", producer: AIOKafkaProducer) -> int:
        """Send one batch and forget it, in three round trips. Returns how many rows there were.

        After a fault nothing is rolled back here: the connection, and with it the transaction, is given up.
        """
        await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({RELAY_LOCK})")
        rows = await connection.fetch(
            "SELECT position, id, aggregatetype, aggregateid, type, payload, traceparent FROM outbox "
            "ORDER BY position LIMIT $1",
            self.db.settings.relay_batch,
        )
        if rows:
            failpoint(AFTER_COMMIT)
            await self._send(producer, rows)
            failpoint(AFTER_PUBLISH)
        sent = ",".join(str(row["position"]) for row in rows)
        await connection.execute(f"DELETE FROM outbox WHERE position = ANY('{{{sent}}}'); COMMIT")  # noqa: S608
        PUBLISHED.labels(self.db.settings.SERVICE).inc(len(rows))
        return len(rows)

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]) -> None:
        """Hand over a batch and wait for every acknowledgement. Raises KafkaError when one is refused or late."""
        namespace = self.db.settings.namespace
        async with asyncio.timeout(self.db.settings.publish_timeout.total_seconds()):
            sent = [
                await producer.send(
                    namespace + row["aggregatetype"],
                    row["payload"].encode(),
                    key=row["aggregateid"].encode(),
                    headers=_headers(row),
                )
                for row in rows
            ]
            await asyncio.gather(*sent)


def _headers(row: asyncpg.Record) -> list[tuple[str, bytes]]:
    headers = [("type", row["type"].encode()), ("id", str(row["id"]).encode())]
    if row["traceparent"] is not None:
        headers.append(("traceparent", row["traceparent"].encode()))
    return headers


async def _started(producer: AIOKafkaProducer) -> None:
    """Start a producer; to the end even when cancelled, because a half-started one cannot be stopped cleanly."""
    starting = asyncio.ensure_future(producer.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        raise


async def _stopped(producer: AIOKafkaProducer) -> None:
    """Stop a producer that may be unable to send what it still holds; the outbox has it."""
    try:
        async with asyncio.timeout(STOP_WITHIN_SECONDS):
            await producer.stop()
    except (KafkaError, TimeoutError) as error:
        log().info("producer dropped", cause=repr(error))
