"""Kafka in: one consumer per service, one loop, one transaction per poll; offsets are committed after effects."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, KafkaTimeoutError

from shared import dead_letters, inbox, polls, trace
from shared.db import Database, Transaction, Unavailable
from shared.dead_letters import Apply, Record
from shared.events import Envelope, Fact, decode
from shared.failpoint import AFTER_EFFECT, failpoint
from shared.telemetry import FAULTS, HANDLED, LAG, log
from shared.topics import TOPIC_OF

COMMIT_EVERY: Final = 0.25
"""Seconds between two commits of offsets while events keep coming; a poll costs the broker less than a commit."""
PATIENT: Final = 0.1
"""Seconds between the polls of a consumer that nobody waits for: each costs the servers as much as dozens of events."""
FLOOD_WINDOW: Final = 1000
FLOOD_SHARE: Final = 0.1
FLOOD_RUN: Final = 100
"""More than a tenth of the last thousand, or a hundred in a row: then it is us who are wrong, not the events."""


class Stalled(RuntimeError):
    """The consumer has lag and does not advance; the process must end and be started anew."""


@dataclass(eq=False)
class Consumer:
    """Reads the topics of the facts a service accepts and applies them once, in order per key.

    apply: takes effect of a poll's new events, in order, in the transaction given; raises for an event that it
    cannot handle. A poll that fails is tried again in halves, down to the offender, which becomes a dead letter.
    """

    db: Database
    facts: frozenset[type[Fact]]
    apply: Apply
    pace: float = 0.0
    """Seconds from one poll to the next while events keep coming; a lone event does not wait."""
    halted: str | None = None
    """Why the consumer stopped by itself: most of what arrived looked poisonous."""
    assigned: bool = False
    lag: int = 0
    _verdicts: deque[bool] = field(default_factory=lambda: deque(maxlen=FLOOD_WINDOW))
    _working: asyncio.Lock = field(default_factory=asyncio.Lock)
    _advanced: float = field(default_factory=time.monotonic)
    _handled: dict[TopicPartition, int] = field(default_factory=dict)
    _committed: float = 0.0
    _types: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._types = frozenset(fact.TYPE for fact in self.facts)

    @property
    def topics(self) -> list[str]:
        """Names of the topics, without namespace."""
        return sorted({TOPIC_OF[fact.TYPE].name for fact in self.facts})

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping`. Raises Stalled when the watchdog finds no progress."""
        while not stopping.is_set():
            consumer = self._consumer()
            try:
                await consumer.start()
                consumer.subscribe(
                    [self.db.settings.namespace + name for name in self.topics], listener=_Drain(self, consumer)
                )
                await self._loop(consumer, stopping)
                await self.commit(consumer)
            except KafkaError as error:
                await self._fault(error, stopping)
            finally:
                self.assigned = False
                await self._stop(consumer)

    async def _stop(self, consumer: AIOKafkaConsumer) -> None:
        """Leave the group, unless the broker is not there to hear it."""
        try:
            async with asyncio.timeout(self.db.settings.publish_timeout.total_seconds()):
                await consumer.stop()
        except (KafkaError, TimeoutError) as error:
            log().warning("consumer dropped", service=self.db.settings.SERVICE, cause=repr(error))

    def _consumer(self) -> AIOKafkaConsumer:
        settings = self.db.settings
        group = settings.namespace + settings.SERVICE
        return AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap,
            group_id=group,
            group_instance_id=f"{group}-{settings.instance}",
            client_id=f"{settings.SERVICE}-{settings.instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(settings.session_timeout.total_seconds() * 1000),
            heartbeat_interval_ms=int(settings.session_timeout.total_seconds() * 1000 / 4),
            rebalance_timeout_ms=int(settings.rebalance_timeout.total_seconds() * 1000),
            fetch_max_wait_ms=int(settings.fetch_wait.total_seconds() * 1000),
            max_poll_records=settings.poll_limit,
        )

    async def _loop(self, consumer: AIOKafkaConsumer, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            if self.halted:
                await self.commit(consumer)
                await stopping.wait()
                return
            polled = await polls.polled(consumer, stopping, self.db.settings.poll_limit)
            began = time.monotonic()
            # No await between the poll and the lock: a partition revoked meanwhile waits for this batch.
            async with self._working:
                if polled:
                    await self._handle_until_done(polled, stopping)
                if not polled or time.monotonic() - self._committed > COMMIT_EVERY:
                    await self.commit(consumer)
                self._watch(consumer, advanced=bool(polled))
            if self.pace and 0 < len(polled) < self.db.settings.poll_limit:
                await asyncio.sleep(began + self.pace - time.monotonic())

    async def _handle_until_done(self, polled: Sequence[ConsumerRecord], stopping: asyncio.Event) -> None:
        """Apply a poll, waiting out faults of the database; its offsets may be committed then."""
        records = [_record(record, self.db.settings.namespace) for record in polled]
        while not stopping.is_set():
            try:
                await self.handle(records)
                if self.halted:
                    return
                failpoint(AFTER_EFFECT)
                self._handled |= {TopicPartition(each.topic, each.partition): each.offset + 1 for each in polled}
                return
            except Unavailable as error:
                self._advanced = time.monotonic()
                await self._fault(error, stopping)

    async def commit(self, consumer: AIOKafkaConsumer) -> None:
        """Commit the offsets of what took effect since the last time, of partitions that are still ours."""
        offsets = {place: offset for place, offset in self._handled.items() if place in consumer.assignment()}
        self._handled.clear()
        self._committed = time.monotonic()
        try:
            if offsets:
                async with asyncio.timeout(self.db.settings.publish_timeout.total_seconds()):
                    await consumer.commit(offsets)
        except TimeoutError as error:
            # A consumer that cannot commit may be wedged for good; `run` makes a new one.
            raise KafkaTimeoutError from error
        except (CommitFailedError, IllegalStateError) as error:
            # Another member has these partitions now and will see the events again; the inbox absorbs that.
            log().info("offsets not committed", service=self.db.settings.SERVICE, cause=repr(error))

    async def handle(self, records: Sequence[Record]) -> None:
        """Take effect of records in one transaction; when that fails, of each half alone. Raises Unavailable."""
        known = [record for record in records if record.type in self._types]
        self._count("unknown", len(records) - len(known))
        if not known or self.halted:
            return
        try:
            await self._handle_together(known)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  Whatever a handler cannot do, the event is kept as a dead letter.
            if len(known) == 1:
                await self._dead(known[0], error)
                return
            middle = len(known) // 2
            await self.handle(known[:middle])
            await self.handle(known[middle:])

    async def _handle_together(self, records: Sequence[Record]) -> None:
        async with self.db.transaction() as tx:
            before, behind = await inbox.look(tx, [record.key for record in records])
            parked = [record for record in records if record.key in behind]
            for record in parked:
                await dead_letters.keep(tx, record, cause="behind a dead letter", state="parked")
            events = [_event(record) for record in records if record.key not in behind]
            applied = await self._take_effect(tx, events, before)
        self._verdicts.extend([True] * len(records))
        self._count("parked", len(parked))
        self._count("applied", applied)
        self._count("repeated", len(events) - applied)

    async def _take_effect(self, tx: Transaction, events: Sequence[Envelope[Any]], before: inbox.Seen) -> int:
        """Apply the events not seen before and record them as seen. Returns how many were new."""
        new = inbox.fresh(events, before)
        if new:
            with trace.continued(new[0].traceparent):
                await self.apply(tx, new)
            await inbox.advance(tx, new, before)
        return len(new)

    async def replay(self, tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
        """Take effect of stored events, for `dead_letters.settle`."""
        before = await inbox.seen(tx, [event.subject for event in events])
        await self._take_effect(tx, events, before)

    async def _dead(self, record: Record, error: Exception) -> None:
        cause = f"{type(error).__name__}: {error}"
        async with self.db.transaction() as tx:
            await dead_letters.keep(tx, record, cause=cause, state="dead")
        self._count("dead")
        self._verdicts.append(False)
        log().error("event became a dead letter", service=self.db.settings.SERVICE, type=record.type, key=record.key)
        self._halt_in_a_flood()

    def _halt_in_a_flood(self) -> None:
        recent = list(self._verdicts)
        bad = recent.count(False)
        if (len(recent) >= FLOOD_RUN and not any(recent[-FLOOD_RUN:])) or (
            len(recent) == FLOOD_WINDOW and bad > FLOOD_SHARE * FLOOD_WINDOW
        ):
            self.halted = f"{bad} of the last {len(recent)} events were poisonous"
            log().critical("consumer halted", service=self.db.settings.SERVICE, cause=self.halted)

    def _watch(self, consumer: AIOKafkaConsumer, *, advanced: bool) -> None:
        """Measure lag; raise Stalled when there is some and nothing has advanced for `progress_timeout`."""
        mine = consumer.assignment()
        self.assigned = bool(mine)
        self.lag = sum(polls.behind(consumer, place) for place in mine)
        LAG.labels(self.db.settings.SERVICE).set(self.lag)
        if advanced or not self.lag:
            self._advanced = time.monotonic()
        elif time.monotonic() - self._advanced > self.db.settings.progress_timeout.total_seconds():
            raise Stalled(f"{self.db.settings.SERVICE}: lag {self.lag} without progress")

    async def _fault(self, error: Exception, stopping: asyncio.Event) -> None:
        FAULTS.labels(self.db.settings.SERVICE, "consumer").inc()
        log().warning("consumer waits", service=self.db.settings.SERVICE, cause=repr(error))
        try:
            async with asyncio.timeout(self.db.settings.retry_wait.total_seconds()):
                await stopping.wait()
        except TimeoutError:
            pass

    def _count(self, outcome: str, number: int = 1) -> None:
        if number:
            HANDLED.labels(self.db.settings.SERVICE, outcome).inc(number)


class _Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """Lets a batch in work finish, and its offsets be committed, before its partitions go to another member."""

    def __init__(self, consumer: Consumer, kafka: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._kafka = kafka

    async def on_partitions_revoked(self, revoked: object) -> None:
        async with self._consumer._working:
            await self._consumer.commit(self._kafka)

    async def on_partitions_assigned(self, assigned: object) -> None:
        self._consumer.assigned = bool(assigned)


def _record(record: ConsumerRecord, namespace: str) -> Record:
    headers = {name: _readable(value) for name, value in record.headers}
    return Record(
        topic=record.topic.removeprefix(namespace),
        partition=record.partition,
        offset=record.offset,
        key=_readable(record.key or b""),
        type=headers.get("type", ""),
        headers=headers,
        body=record.value or b"",
    )


def _readable(raw: bytes) -> str:
    """Text that a database column can keep, whatever the bytes were."""
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _event(record: Record) -> Envelope[Any]:
    """The event in a record. Raises ValueError when the body is malformed or speaks of another key or type."""
    event = decode(record.type, record.body)
    if event.subject != record.key or event.type != record.type:
        raise ValueError(f"the record says {record.type} of {record.key}, its body {event.type} of {event.subject}")
    return event
