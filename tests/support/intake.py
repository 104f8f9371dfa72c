"""A running intake with its client applications, as a customer's software meets it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
from aiokafka import AIOKafkaProducer

from intake import app, seed
from intake.seed import ClientApplication, SeededCustomer
from intake.settings import Settings
from shared.events import Envelope, Fact
from shared.ids import new_id
from shared.service import ALL_ROLES, Role, Service
from shared.topics import Topic
from support.events import envelope, record
from support.infrastructure import Infrastructure
from support.people import as_command, public_keys
from support.running import Running, prepare, rows, running

ADA = SeededCustomer(email="ada@example.com", name="Ada Lovelace", account="analytical", plan="gold")
ISSUE: dict[str, Any] = {
    "customer": {"email": ADA.email},
    "title": "I cannot sign in",
    "text": "My password is refused since this morning.",
}
"""The smallest issue of a known customer."""


@dataclass(frozen=True)
class Shop:
    """A client application of the intake under test."""

    id: str
    key: str
    client: httpx2.AsyncClient

    @property
    def headers(self) -> dict[str, str]:
        """What signs its requests."""
        return {"authorization": f"Bearer {self.key}"}

    async def post(
        self, path: str, body: Any, *, key: str | None = None, version: int | None = None, **changes: Any
    ) -> httpx2.Response:
        """A command below /intake, under a new Idempotency-Key unless one is given; changes go into the body."""
        headers = as_command(self.headers, key=key, version=version)
        return await self.client.post(f"/intake{path}", json=body | changes, headers=headers)

    async def get(self, path: str, **parameters: Any) -> httpx2.Response:
        """Read below /intake."""
        return await self.client.get(f"/intake{path}", params=parameters, headers=self.headers)

    async def submit(self, **changes: Any) -> str:
        """The id of a new issue."""
        answer = await self.post("/issues", ISSUE, **changes)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def issue(self, issue: str) -> dict[str, Any]:
        """An issue as its customer sees it."""
        answer = await self.get(f"/issues/{issue}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def upload(
        self, content: bytes, *, name: str = "log.txt", media_type: str = "text/plain", key: str | None = None
    ) -> httpx2.Response:
        """Store a file."""
        headers = as_command(self.headers, key=key) | {"x-file-name": name, "content-type": media_type}
        return await self.client.post("/intake/attachments", content=content, headers=headers)


@dataclass(frozen=True)
class Intake:
    """A running intake."""

    settings: Settings
    service: Service
    running: Running

    async def application(self, name: str = "shop", *, vouches: bool = False) -> Shop:
        """Another client application; its id begins with the name and is new."""
        added = ClientApplication(id=f"{name}-{new_id()}", name=name.title(), vouches=vouches)
        key = await seed.add_client_application(self.service.db, self.settings, added)
        return Shop(added.id, str(key), self.running.client)

    async def hear(self, issue: str, *facts: Fact, first: int = 1) -> None:
        """Let facts of another service about an issue take effect; their `seq` counts from `first`."""
        await self.handle(*(envelope(fact, subject=issue, seq=seq) for seq, fact in enumerate(facts, first)))

    async def handle(self, *events: Envelope[Any]) -> None:
        """Let events take effect as one poll of the consumer."""
        assert self.service.consumer is not None
        await self.service.consumer.handle([record(event, offset=next(_OFFSETS)) for event in events])

    async def send(self, topic: Topic, event: Envelope[Any]) -> None:
        """Put an event on its topic, as another service's relay does."""
        sent = record(event)
        async with AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap) as producer:
            await producer.send_and_wait(
                self.settings.namespace + topic.name,
                sent.body,
                key=sent.key.encode(),
                headers=[(name, value.encode()) for name, value in sent.headers.items()],
            )

    async def settle(self) -> None:
        """Take all issues so far as heard of, so that they raise no alarm."""
        await rows(self.service.db, "UPDATE issue SET unanswered = false")


_OFFSETS: Iterator[int] = count(1_000_000)
"""Of records that no broker has; none is used twice, because dead letters are told apart by them."""


def intake_settings(infrastructure: Infrastructure, folder: Path, **changes: Any) -> Settings:
    """Settings of an intake on these servers that keeps files in a folder."""
    values = {
        "TIERDESK_STAFF_PUBLIC_KEYS": public_keys(),
        "TIERDESK_OBJECT_STORE": folder.as_uri(),
        "key_cache": timedelta(0),
    }
    return Settings.model_validate(infrastructure.environment() | values | changes)


@asynccontextmanager
async def running_intake(settings: Settings, roles: frozenset[Role] = ALL_ROLES) -> AsyncIterator[Intake]:
    """Migrate, seed one customer of the organisation, and run."""
    await prepare(settings)
    service = app.build(settings)
    await seed.add_customers(service.db, [ADA])
    async with running(service, roles=roles) as started:
        yield Intake(settings, service, started)
