"""What a run left everywhere: the services' tables, the broker's records, the vendor's log, the sink's mails.

Read past the services, so that none of them can hide a fault of its own.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx2
from aiokafka import AIOKafkaConsumer

from onebox.mailbox import Mailbox
from onebox.routes import SERVICES
from shared.topics import TOPICS
from support.desk import Desk, databases
from support.kafka import places_of

READ_MILLISECONDS: Final = 200
UNLIMITED: Final = 1_000_000_000

Connections = Mapping[str, "asyncpg.Connection[asyncpg.Record]"]


@dataclass(frozen=True)
class Entry:
    """A row of an issue's timeline. text: everything it says, public or not."""

    version: int
    type: str
    fact: Mapping[str, Any]
    text: str


@dataclass(frozen=True)
class Sent:
    """A mail that notifications means to send. ids: the Message-IDs under which the sink took it, repeats included."""

    issue: UUID
    about: str
    cause: UUID
    state: str
    ids: Sequence[str]


@dataclass(frozen=True)
class VendorLog:
    """taken: case to the ids of the messages that brought it. said: case to the states it was told about, in order."""

    taken: Mapping[UUID, Sequence[str]]
    said: Mapping[UUID, Sequence[str]]


@dataclass(frozen=True)
class Letter:
    """An open dead letter."""

    service: str
    key: str
    state: str
    cause: str


@dataclass(frozen=True)
class Traces:
    """Everything that is known about the issues of a namespace, by issue unless said otherwise.

    accepted: reference to what intake holds under it. messages: ids of customers' messages at intake, by issue.
    told: the state that intake shows to the customer.
    queued: versions at tier-queues. tapped: (producer, key) to seq to the ids of the events with that number.
    numbered: (producer, key) to the last number its outbox gave.
    """

    accepted: Mapping[str, Sequence[UUID]]
    told: Mapping[UUID, str]
    messages: Mapping[UUID, Sequence[UUID]]
    decisions: Mapping[UUID, Sequence[int]]
    queued: Mapping[UUID, int]
    timelines: Mapping[UUID, Sequence[Entry]]
    mails: Mapping[UUID, Sequence[Sent]]
    vendor: VendorLog
    letters: Sequence[Letter]
    tapped: Mapping[tuple[str, str], Mapping[int, frozenset[str]]]
    numbered: Mapping[tuple[str, str], int]


async def read_traces(desk: Desk, *, vendor_log: str) -> Traces:
    """Read everything; only of a desk that has come to rest does it make a whole. vendor_log: the vendor's own log."""
    async with databases(desk, SERVICES) as connections:
        return Traces(
            accepted=await _grouped(connections, "intake", "SELECT reference, id FROM issue"),
            told=dict(await connections["intake"].fetch("SELECT id, state FROM issue")),
            messages=await _grouped(
                connections, "intake", "SELECT issue_id, id FROM message WHERE author = 'customer' ORDER BY at, id"
            ),
            decisions=await _grouped(
                connections, "router", "SELECT issue_id, revision FROM decision ORDER BY revision"
            ),
            queued=dict(await connections["tier-queues"].fetch("SELECT id, version FROM issues")),
            timelines=await _timelines(connections),
            mails=await _mails(desk, connections),
            vendor=await _vendor(vendor_log),
            letters=[letter for service in SERVICES for letter in await _letters(connections, service)],
            tapped=await _tapped(desk),
            numbered=await _numbered(connections),
        )


async def _grouped(connections: Connections, service: str, sql: str) -> dict[Any, list[Any]]:
    """Rows of two columns: the second ones by the first."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in await connections[service].fetch(sql):
        found[key].append(value)
    return found


async def _timelines(connections: Connections) -> dict[UUID, list[Entry]]:
    rows = await connections["tier-queues"].fetch(
        "SELECT issue_id, version, type, fact::text, private::text FROM timeline ORDER BY issue_id, version"
    )
    found: dict[UUID, list[Entry]] = defaultdict(list)
    for issue, version, kind, fact, private in rows:
        found[issue].append(Entry(version, kind, json.loads(fact), f"{fact} {private}"))
    return found


async def _mails(desk: Desk, connections: Connections) -> dict[UUID, list[Sent]]:
    rows = await connections["notifications"].fetch(
        "SELECT issue, about, cause, state FROM delivery WHERE channel = 'mail' ORDER BY position"
    )
    taken: dict[str, list[str]] = defaultdict(list)
    for mail in Mailbox(desk.mail_folder, limit=UNLIMITED).newest(to=None):
        whole = str(mail.message["message-id"])
        # The id of the event that a mail is about begins its Message-ID.
        taken[whole.lstrip("<").partition(".")[0]].append(whole)
    found: dict[UUID, list[Sent]] = defaultdict(list)
    for issue, about, cause, state in rows:
        found[issue].append(Sent(issue, about, cause, state, taken[str(cause)]))
    return found


async def _vendor(url: str) -> VendorLog:
    async with httpx2.AsyncClient(trust_env=False) as client:
        log = (await client.get(url)).raise_for_status().json()
    taken: dict[UUID, list[str]] = defaultdict(list)
    said: dict[UUID, list[str]] = defaultdict(list)
    for row in log["received"]:
        taken[UUID(row["case"])].append(row["id"])
    for row in log["callbacks"]:
        said[UUID(row["case"])].append(row["state"])
    return VendorLog(taken, said)


async def _letters(connections: Connections, service: str) -> list[Letter]:
    rows = await connections[service].fetch(
        "SELECT key, state, cause FROM dead_letter WHERE state IN ('dead', 'parked') ORDER BY position"
    )
    return [Letter(service, key, state, cause) for key, state, cause in rows]


async def _numbered(connections: Connections) -> dict[tuple[str, str], int]:
    return {
        (service, key): seq
        for service in SERVICES
        for key, seq in await connections[service].fetch("SELECT key, seq FROM outbox_sequence")
    }


async def _tapped(desk: Desk) -> dict[tuple[str, str], dict[int, frozenset[str]]]:
    """Every event on the broker, from the beginning, each id once however often it was published."""
    found: dict[tuple[str, str], dict[int, frozenset[str]]] = defaultdict(dict)
    for record in await records(desk):
        event = json.loads(record)
        numbers = found[event["source"], event["subject"]]
        numbers[event["seq"]] = numbers.get(event["seq"], frozenset()) | {event["id"]}
    return found


async def records(desk: Desk) -> list[bytes]:
    """The bodies of all records on the topics, per partition in order; dead letters' copies left out."""
    names = [desk.infrastructure.namespace + topic.name for topic in TOPICS]
    places = await places_of(desk.infrastructure.kafka_bootstrap, names)
    consumer = AIOKafkaConsumer(bootstrap_servers=desk.infrastructure.kafka_bootstrap, enable_auto_commit=False)
    async with consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[bytes] = []
        while any([await consumer.position(place) < end for place, end in ends.items() if end]):
            for polled in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                found += [record.value for record in polled]
    return found


def repeated(values: Sequence[Any]) -> list[Any]:
    """What is there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
