"""How many issues one router decides in a second, from topic to topic, with every decision stored.

All issues wait in the topic before the router starts. Its own processor time is what counts: the servers, which share
the machine, take theirs besides.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaProducer

from onebox.bench import NothingMeasured
from onebox.bench.measure import Figure, note
from onebox.bench.stage import TEXTS, Stage, stage
from onebox.demo.issues import drafts
from onebox.processes import Running
from shared.events import Envelope
from shared.events.issues import Customer, IssueSubmitted, Submission
from shared.ids import new_id
from shared.topics import ISSUES

COUNT: Final = 20_000
CUSTOMERS: Final = 1_000
AT_LEAST_PER_CORE: Final = 2_000
LOOK_SECONDS: Final = 0.05
GIVEN_UP_AFTER_SECONDS: Final = 120.0
SETTLED: Final = 0.1
"""Share of the issues that warms up and is not measured."""


PUBLISHED: Final = "SELECT (SELECT count(*) FROM decision) - (SELECT count(*) FROM outbox)"
"""Decisions that are stored and whose events the broker has taken."""


@dataclass(frozen=True)
class Moment:
    """How far the router was. published: events on its topic; busy_seconds: processor time it had taken until then."""

    at: float
    published: int
    busy_seconds: float


async def measure(data: Path | None) -> list[Figure]:
    """Issues per second and per core of the router's process. Raises NothingMeasured."""
    async with stage() as here:
        await here.install()
        note(f"{COUNT:,} issues wait for the router …")
        await _submit(here, data)
        router = Running(here.service("router"))
        database = await here.connect("router")
        try:
            await router.start()
            began, ended = await _watched(router, database)
        finally:
            await router.stop()
            await database.close()
    return _figures(began, ended)


def _figures(began: Moment, ended: Moment) -> list[Figure]:
    decided, busy = ended.published - began.published, ended.busy_seconds - began.busy_seconds
    per_core = decided / busy
    note(f"{decided:,} issues in {ended.at - began.at:.2f} s, {busy:.2f} s of them the router's processor time")
    return [
        Figure("topic to topic, decisions stored, beside its servers", decided / (ended.at - began.at), "issues/s"),
        Figure(
            "topic to topic, decisions stored, per core of the router",
            per_core,
            "issues/s",
            bar=f"≥ {AT_LEAST_PER_CORE:,} issues/s",
            holds=per_core >= AT_LEAST_PER_CORE,
        ),
    ]


async def _submit(here: Stage, data: Path | None) -> None:
    """Publish all issues as intake would."""
    written = drafts(COUNT, run="bench", data=data / TEXTS if data else None, customers=CUSTOMERS)
    async with AIOKafkaProducer(bootstrap_servers=here.servers.kafka_bootstrap, linger_ms=20) as producer:
        for number, draft in enumerate(written, 1):
            event = _envelope(number, str(draft.body["title"]), str(draft.body["text"]))
            headers = [("type", event.type.encode()), ("id", str(event.id).encode())]
            body = event.model_dump_json().encode()
            await producer.send(ISSUES.name, body, key=event.subject.encode(), headers=headers)
        await producer.flush()


def _envelope(number: int, title: str, text: str) -> Envelope[IssueSubmitted]:
    now = datetime.now(UTC)
    customer = Customer(id=new_id(), name="Somebody", email="somebody@example.com", account="acme", plan="basic")
    said = Submission(number=number, accepted_at=now, application="bench", customer=customer, title=title, text=text)
    return Envelope[IssueSubmitted](
        id=new_id(),
        source=ISSUES.producer,
        type=IssueSubmitted.TYPE,
        subject=str(new_id()),
        time=now,
        seq=1,
        data=IssueSubmitted(submission=said),
    )


async def _watched(router: Running, database: Any) -> tuple[Moment, Moment]:
    """When the router had warmed up, and when its last decision was published."""
    assert router.pid is not None
    process, ends = psutil.Process(router.pid), time.monotonic() + GIVEN_UP_AFTER_SECONDS
    began: Moment | None = None
    while time.monotonic() < ends:
        counted = await database.fetchval(PUBLISHED)
        times = process.cpu_times()
        moment = Moment(time.monotonic(), counted, times.user + times.system)
        if began is None and counted >= COUNT * SETTLED:
            began = moment
        if began is not None and counted >= COUNT:
            return began, moment
        await asyncio.sleep(LOOK_SECONDS)
    raise NothingMeasured("The router did not publish all decisions in time.")
