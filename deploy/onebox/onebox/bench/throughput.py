"""How many issues one router decides in a second, from topic to topic, with every decision stored.

All issues wait in the topic before the router starts. Its own processor time is what counts: the servers, which share
the machine, take theirs besides.
"""

import asyncio
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from onebox.bench import NothingMeasured
from onebox.bench.measure import Figure, note
from onebox.bench.stage import Stage, stage
from onebox.demo.issues import drafts
from onebox.processes import Running
from router.model_life import Step
from router.model_seed import add
from router.models import take_step
from router.settings import Settings
from shared.db import Database
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
WITHOUT_MODEL: Final = "SELECT count(*) FROM decision WHERE routing #>> '{record,method}' <> 'model'"
BY: Final = "bench"


@dataclass(frozen=True)
class Moment:
    """How far the router was. published: events on its topic; busy_seconds: processor time it had taken until then."""

    at: float
    published: int
    busy_seconds: float


@dataclass(frozen=True)
class Taught:
    """What a router decides by that has learnt. model: its folder; policy: the file of one that has its categories."""

    model: Path
    policy: Path


async def measure(texts: Path, taught: Taught | None = None) -> list[Figure]:
    """Issues per second and per core of the router's process. texts: of the issues; taught: else keywords decide.

    Raises NothingMeasured.
    """
    by = "keywords" if taught is None else "a model"
    async with stage() as here:
        await here.install()
        if taught is not None:
            await _teach(here, taught)
        note(f"{COUNT:,} issues wait for the router, which decides by {by} …")
        await _submit(here, texts)
        router = Running(here.service("router"))
        database = await here.connect("router")
        try:
            await router.start()
            began, ended = await _watched(router, database)
            if taught is not None and await database.fetchval(WITHOUT_MODEL):
                raise NothingMeasured("The router did not decide all issues by the model.")
        finally:
            await router.stop()
            await database.close()
    return _figures(by, began, ended)


async def _teach(here: Stage, taught: Taught) -> None:
    """Make the policy the router's first, and let the model decide."""
    told = here.environment
    settings = Settings(
        server_url=SecretStr(told["DATABASE_URL"]),
        kafka_bootstrap=told["KAFKA_BOOTSTRAP"],
        secret=SecretStr(told["TIERDESK_SECRET"]),
        policy_file=taught.policy,
    )
    # Standard output is for the figures alone.
    with redirect_stdout(sys.stderr):
        version, _ = await add(settings, taught.model)
    database = Database(settings)
    try:
        async with database.transaction() as tx:
            for step in (Step.COMPARE, Step.ACTIVATE):
                await take_step(tx, version, step, BY)
    finally:
        await database.close()


def _figures(by: str, began: Moment, ended: Moment) -> list[Figure]:
    decided, busy = ended.published - began.published, ended.busy_seconds - began.busy_seconds
    per_core = decided / busy
    note(f"{decided:,} issues in {ended.at - began.at:.2f} s, {busy:.2f} s of them the router's processor time")
    return [
        Figure(
            f"by {by}, topic to topic, decisions stored, beside its servers",
            decided / (ended.at - began.at),
            "issues/s",
        ),
        Figure(
            f"by {by}, topic to topic, decisions stored, per core of the router",
            per_core,
            "issues/s",
            bar=f"≥ {AT_LEAST_PER_CORE:,} issues/s",
            holds=per_core >= AT_LEAST_PER_CORE,
        ),
    ]


async def _submit(here: Stage, texts: Path) -> None:
    """Publish all issues as intake would."""
    written = drafts(COUNT, run="bench", data=texts, customers=CUSTOMERS)
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
