"""The whole service on real parts: facts come by Kafka, mails and webhooks go out, outcomes go back to Kafka."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from notifications.app import build
from notifications.settings import Settings
from notifications.tables import SCHEMA
from onebox.ports import any_free
from shared.db import Database
from shared.events import Fact, work
from shared.events.directory import ClientApplicationListed
from shared.failpoint import AFTER_MAIL_ACCEPTED
from shared.ids import new_id
from shared.topics import DELIVERIES, TOPIC_OF
from shared.vocabulary import IssueState, Role
from support.events import envelope, submitted, worked
from support.infrastructure import Infrastructure
from support.listener import Listener, listener
from support.notifications import emptied, settings_of
from support.people import bearer, public_keys
from support.post_office import PostOffice
from support.running import Running, prepare, running
from support.waiting import until

GRACE = "grace@example.com"
SOON = timedelta(seconds=40)


@pytest.fixture
async def settings(infrastructure: Infrastructure, office: PostOffice) -> Settings:
    made = settings_of(infrastructure, smtp_url=office.url)
    await emptied(made)
    await prepare(made)
    return made


async def produce(settings: Settings, issue: UUID | None, *facts: Fact) -> None:
    """Put facts of one issue, or of the directory, on their topics, as their producers' relays would."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer:
        for seq, fact in enumerate(facts, 1):
            event = envelope(fact, subject=issue, seq=seq)
            headers = [("type", event.type.encode()), ("id", str(event.id).encode())]
            await producer.send_and_wait(
                settings.namespace + TOPIC_OF[event.type].name,
                event.model_dump_json().encode(),
                key=event.subject.encode(),
                headers=headers,
            )


def claimed() -> work.WorkFact:
    return worked(work.IssueClaimed, version=2, state=IssueState.ASSIGNED, owner="ada")


async def test_facts_become_mails_and_webhooks_and_their_outcomes_facts(
    infrastructure: Infrastructure, settings: Settings, office: PostOffice
) -> None:
    issue = new_id()
    async with listener() as shop:
        reaching = settings_of(infrastructure, smtp_url=office.url, allowed_private_targets=frozenset({shop.origin}))
        async with running(build(reaching)) as service:
            await produce(settings, None, ClientApplicationListed(entity="shop", version=1, name="Shop", active=True))
            await until(lambda: _registered(service, shop), "the application may listen", within=SOON)
            await produce(settings, issue, submitted(), claimed())
            await until(lambda: _count(office, 2), "both mails are taken", within=SOON)
            types = await _outcomes(settings, issue, 4)
    assert types == ["tierdesk.notification-delivered.v1"] * 4
    assert office.subjects(GRACE) == ["[#1001] I forgot my password", "Re: [#1001] I forgot my password"]
    assert [json.loads(one.body)["type"] for one in shop.taken] == ["issue-received", "issue-in-progress"]


async def test_a_process_killed_after_the_acceptance_repeats_that_mail_under_its_id_and_loses_none(
    settings: Settings, office: PostOffice, infrastructure: Infrastructure, tmp_path: Path
) -> None:
    environment = _environment(infrastructure, office)
    kills = tmp_path / "kills"
    armed = environment | {"TIERDESK_FAILPOINT": f"{AFTER_MAIL_ACCEPTED}:1", "TIERDESK_FAILPOINT_LOG": str(kills)}
    issue = new_id()
    await produce(settings, issue, submitted(), claimed())
    doomed = _start(armed)
    await until(lambda: _ended(doomed), "the process is killed", within=SOON)
    assert kills.read_text().split() == [AFTER_MAIL_ACCEPTED]
    assert len(office.taken) == 1
    survivor = _start(environment)
    try:
        await until(lambda: _count(office, 3), "the mails are taken", within=SOON)
    finally:
        survivor.send_signal(signal.SIGTERM)
        await until(lambda: _ended(survivor), "the process drains", within=SOON)
    repeated, again, other = office.ids(GRACE)
    assert repeated == again != other
    assert survivor.returncode == 0


async def test_the_migrations_lead_to_the_tables_that_the_code_knows(settings: Settings) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), SCHEMA))

    db = Database(settings)
    async with db.engine.connect() as connection:
        found = await connection.run_sync(differences)
    await db.close()
    assert found == [] or found == [("remove_table", found[0][1])]
    assert all(difference[1].name == "alembic_version" for difference in found)


async def _registered(service: Running, shop: Listener) -> bool:
    answer = await service.client.put(
        "/notifications/webhooks/shop", json={"url": shop.url}, headers=bearer(Role.OPERATOR)
    )
    return answer.status_code == 201


async def _count(office: PostOffice, wanted: int) -> bool:
    return len(office.taken) >= wanted


async def _ended(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() is not None


async def _outcomes(settings: Settings, issue: UUID, wanted: int) -> list[str]:
    """Types of the first facts about an issue on support.deliveries."""
    types: list[str] = []
    topic = settings.namespace + DELIVERIES.name
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest"
    ) as reader:
        while len(types) < wanted:
            record = await reader.getone()
            if record.key == str(issue).encode():
                types.append(dict(record.headers)["type"].decode())
    return types


def _environment(infrastructure: Infrastructure, office: PostOffice) -> dict[str, str]:
    own = {
        "TIERDESK_STAFF_PUBLIC_KEYS": public_keys(),
        "TIERDESK_NOTIFICATIONS_SMTP_URL": office.url,
        "TIERDESK_NOTIFICATIONS_MAIL_FROM": "Support <support@example.com>",
        "TIERDESK_NOTIFICATIONS_LEASE": "PT5S",
    }
    return {**os.environ, **infrastructure.environment(), **own}


def _start(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "notifications", "run", "--port", str(any_free(set()))]
    return subprocess.Popen(command, env=environment)
