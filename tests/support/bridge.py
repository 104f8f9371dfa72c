"""A running vendor-bridge on real servers: forwards in by Kafka, facts out of Kafka, HTTP in between."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from onebox.ports import any_free
from shared import webhooks
from shared.db import Database
from shared.events import Envelope, Fact, decode
from shared.events.vendor import VendorFact
from shared.events.work import WorkFact
from shared.ids import new_id
from shared.migrate import migrate
from shared.service import Process, serve
from shared.topics import create_topics
from shared.vocabulary import Role
from support.events import envelope
from support.infrastructure import Infrastructure
from support.people import as_command, bearer, public_keys
from support.vendor import TestVendor
from support.waiting import until
from vendor_bridge.app import build
from vendor_bridge.settings import Settings

PARTITIONS = 3
OPERATOR = bearer(Role.OPERATOR, agent="olga")
EVERYTHING = ["title", "messages", "product", "category", "priority", "account", "attachments"]


@dataclass
class Registered:
    """A vendor with the secrets it was told."""

    id: str
    outgoing_secret: str
    callback_secret: str
    version: int


@dataclass
class Bridge:
    """vendor-bridge with the topics on both sides of it. running: None while it is stopped."""

    settings: Settings
    db: Database
    producer: AIOKafkaProducer
    client: httpx.AsyncClient
    facts: dict[UUID, list[VendorFact]] = field(default_factory=lambda: defaultdict(list))
    url: str = ""
    _running: tuple[Process, asyncio.Task[None]] | None = None

    async def start(self) -> None:
        """Start the service and wait until it is ready."""
        port = any_free(set())
        self.url = f"http://127.0.0.1:{port}"
        process = Process([build(self.settings)])
        self._running = process, asyncio.create_task(serve(process, host="127.0.0.1", port=port, signals=False))
        await until(self._ready, "vendor-bridge is ready")

    async def _ready(self) -> bool:
        try:
            return (await self.client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    async def stop(self) -> None:
        """Stop the service as SIGTERM would."""
        if self._running is not None:
            process, task = self._running
            process.stopping.set()
            await task
            self._running = None

    async def call(self, method: str, path: str, *, headers: Any = OPERATOR, **request: Any) -> httpx.Response:
        """A request to the service. headers: a mapping, or pairs of text or bytes."""
        return await self.client.request(method, f"{self.url}/vendor-bridge{path}", headers=headers, **request)

    async def command(self, method: str, path: str, *, key: str | None = None, **request: Any) -> httpx.Response:
        """A commanding request of an operator, under a new idempotency key unless given."""
        return await self.call(method, path, headers=as_command(OPERATOR, key=key), **request)

    async def register(self, url: str, *, fields: list[str] | None = None, **contract: Any) -> Registered:
        """A new vendor at a URL; everything may leave unless told otherwise."""
        body = {"id": f"v{new_id().hex}", "name": "Acme Cloud", "url": url, **contract}
        body["fields"] = EVERYTHING if fields is None else fields
        told = (await self.command("POST", "/vendors", json=body)).raise_for_status().json()
        return Registered(told["id"], told["outgoing_secret"], told["callback_secret"], told["version"])

    async def forward(self, *facts: WorkFact) -> list[UUID]:
        """Publish forwards as tier-queues does, each of an issue of its own. Returns the issues."""
        issues = [new_id() for _ in facts]
        for issue, fact in zip(issues, facts, strict=True):
            await self.publish("support.work", fact, subject=issue)
        await self.producer.flush()
        return issues

    async def publish(self, topic: str, fact: Fact, *, subject: UUID | str) -> None:
        """Send one fact as its producer's relay does."""
        event = envelope(fact, subject=subject)
        await self.producer.send(
            f"{self.settings.namespace}{topic}",
            event.model_dump_json().encode(),
            key=event.subject.encode(),
            headers=[("type", event.type.encode()), ("id", str(event.id).encode())],
        )

    def environment(self) -> dict[str, str]:
        """The service's settings, for another process of it."""
        return {
            "DATABASE_URL": self.settings.server_url.get_secret_value(),
            "KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "TIERDESK_SECRET": self.settings.secret.get_secret_value(),
            "TIERDESK_NAMESPACE": self.settings.namespace,
            "TIERDESK_VENDOR_BRIDGE_ALLOWED_PRIVATE_TARGETS": ",".join(self.settings.allowed_private_targets),
        }

    async def heard(self, issue: UUID, *kinds: type[VendorFact]) -> list[VendorFact]:
        """An issue's facts on support.vendor, once they are of these kinds, in this order."""

        async def complete() -> list[VendorFact]:
            facts = self.facts[issue]
            return facts if [type(fact) for fact in facts] == list(kinds) else []

        names = [kind.__name__ for kind in kinds]
        try:
            return await until(complete, f"{names}", within=timedelta(seconds=20))
        except AssertionError as error:
            raise AssertionError(f"{names} expected, {self.facts[issue]} came") from error

    async def case(self, case: object) -> dict[str, Any]:
        """A case as staff see it."""
        found: dict[str, Any] = (await self.call("GET", f"/cases/{case}")).raise_for_status().json()
        return found

    async def attempted(self, case: object, attempts: int) -> dict[str, Any]:
        """The case once so many attempts were recorded."""
        return await self.until_case(case, lambda seen: seen["attempts"] == attempts, f"attempt {attempts}")

    async def until_case(self, case: object, wanted: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The case once it is as wanted."""

        async def look() -> dict[str, Any] | None:
            response = await self.call("GET", f"/cases/{case}")
            return response.json() if response.status_code == 200 and wanted(response.json()) else None

        return await until(look, what, within=timedelta(seconds=20))

    async def callback(
        self, vendor: Registered, body: Mapping[str, Any] | bytes, *, message: str | None = None, **changes: Any
    ) -> httpx.Response:
        """A signed callback. changes: secret, at (datetime), headers, vendor_id."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        secret = changes.get("secret", vendor.callback_secret)
        signed = webhooks.sign([secret], message or new_id().hex, changes.get("at", datetime.now(UTC)), raw)
        headers = {"content-type": "application/json", **signed, **changes.get("headers", {})}
        return await self.call(
            "POST", f"/callbacks/{changes.get('vendor_id', vendor.id)}", headers=headers, content=raw
        )

    async def ahead(self, span: timedelta) -> None:
        """Move the service's clock."""
        async with self.db.transaction() as tx:
            await tx.fetch("UPDATE clock SET ahead = ahead + $1", span)


@asynccontextmanager
async def vendor_facts(settings: Settings, bridge: Bridge) -> AsyncIterator[None]:
    """Collect what is published on support.vendor into the bridge, as tier-queues would read it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest")
    async with consumer:
        topic = f"{settings.namespace}support.vendor"
        partitions = await until(lambda: _partitions(consumer, topic), "the topic exists")
        consumer.assign([TopicPartition(topic, partition) for partition in partitions])
        reading = asyncio.create_task(_collect(consumer, bridge))
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    return set(consumer._client.cluster.partitions_for_topic(topic) or ())


async def _collect(consumer: AIOKafkaConsumer, bridge: Bridge) -> None:
    seen: set[tuple[str, int]] = set()
    async for record in consumer:
        event: Envelope[Any] = decode(dict(record.headers)["type"].decode(), record.value)
        if (event.subject, event.seq) not in seen:
            seen.add((event.subject, event.seq))
            bridge.facts[UUID(event.subject)].append(event.data)


@asynccontextmanager
async def vendor_bridge(infrastructure: Infrastructure, *vendors: TestVendor, **changes: Any) -> AsyncIterator[Bridge]:
    """A migrated, running vendor-bridge that may reach these vendors, in a namespace of its own."""
    environment = infrastructure.environment() | {
        "TIERDESK_NAMESPACE": f"{infrastructure.namespace.removesuffix('.')}{new_id().hex[-6:]}.",
        "TIERDESK_STAFF_PUBLIC_KEYS": public_keys(),
        "allowed_private_targets": ",".join(vendor.origin for vendor in vendors),
    }
    settings = Settings.model_validate(environment | changes)
    await create_topics(settings.kafka_bootstrap, settings.namespace, partitions=PARTITIONS)
    await migrate(settings)
    async with (
        AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer,
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
    ):
        bridge = Bridge(settings, Database(settings), producer, client)
        async with vendor_facts(settings, bridge):
            await bridge.start()
            try:
                yield bridge
            finally:
                await bridge.stop()
                await bridge.db.close()
