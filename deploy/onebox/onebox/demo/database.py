"""The half of the audit that is read from PostgreSQL: the services' own tables, not what they say about them."""

import importlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from onebox.demo.audit import Offender
from shared.topics import TOPICS, WORK, Topic

SERVICES: Final = ("intake", "router", "tier-queues", "vendor-bridge", "notifications")

Connection = Any
"""asyncpg's, which has no types of its own."""
Ids = Sequence[UUID]

COUNTS: Final[Mapping[str, str]] = {
    "intake": "SELECT id FROM issue WHERE id = ANY($1)",
    "router": "SELECT issue_id FROM decision WHERE issue_id = ANY($1) AND revision = 0",
    "tier-queues": "SELECT id FROM issues WHERE id = ANY($1)",
}
"""Where every accepted issue has exactly one row."""
TIMELINES: Final = """
SELECT issues.id, issues.version, count(timeline.version), coalesce(min(timeline.version), 0),
       coalesce(max(timeline.version), 0)
FROM issues LEFT JOIN timeline ON timeline.issue_id = issues.id WHERE issues.id = ANY($1)
GROUP BY issues.id, issues.version
HAVING count(timeline.version) <> issues.version OR min(timeline.version) <> 1
    OR max(timeline.version) <> issues.version
"""
LAST_WORK: Final = """
SELECT issue_id::text, max(version) FROM timeline WHERE issue_id = ANY($1) AND type = ANY($2) GROUP BY issue_id
"""


@dataclass(frozen=True)
class Databases:
    """A connection to each service's database, as the administrator."""

    by_service: Mapping[str, Connection]

    async def offenders(self, ids: Ids) -> list[Offender]:
        """Everything that is wrong in the tables with these issues."""
        found = [*await self._missing(ids), *await self._broken_timelines(ids)]
        for service in SERVICES:
            found += await self._unpublished(service, ids)
            found += await self._dead(service, ids)
        for topic in TOPICS:
            for service in sorted(topic.consumers) if topic.retention else ():
                found += await self._unheard(topic, service, ids)
        return sorted(found)

    async def _missing(self, ids: Ids) -> list[Offender]:
        found = []
        for service, sql in COUNTS.items():
            rows = [row[0] for row in await self.by_service[service].fetch(sql, ids)]
            found += [_of(issue, f"has no row at {service}") for issue in set(ids) - set(rows)]
            found += [_of(issue, f"has more than one row at {service}") for issue in _repeated(rows)]
        return found

    async def _broken_timelines(self, ids: Ids) -> list[Offender]:
        rows = await self.by_service["tier-queues"].fetch(TIMELINES, ids)
        return [
            _of(issue, f"is at version {version}, its timeline has {count} rows from {first} to {last}")
            for issue, version, count, first, last in rows
        ]

    async def _unpublished(self, service: str, ids: Ids) -> list[Offender]:
        sql = "SELECT DISTINCT aggregateid FROM outbox WHERE aggregateid = ANY($1)"
        rows = await self.by_service[service].fetch(sql, _texts(ids))
        return [_of(row[0], f"has events at {service} that are not published") for row in rows]

    async def _dead(self, service: str, ids: Ids) -> list[Offender]:
        sql = "SELECT key, state, cause FROM dead_letter WHERE key = ANY($1) AND state IN ('dead', 'parked')"
        rows = await self.by_service[service].fetch(sql, _texts(ids))
        return [_of(key, f"has a {state} letter at {service}: {cause}") for key, state, cause in rows]

    async def _unheard(self, topic: Topic, service: str, ids: Ids) -> list[Offender]:
        """Every event of a topic that a service acts on has had its effect there, and no event that never was."""
        published = await self._sequence(topic.producer, ids)
        heard = await self._inbox(service, topic.producer, ids)
        expected = await self._expected(topic, service, ids, published)
        found = []
        for key in _texts(ids):
            last, wanted, sent = heard.get(key, 0), expected.get(key, 0), published.get(key, 0)
            if not wanted <= last <= sent:
                found.append(
                    _of(key, f"{service} has seen event {last} of {topic.producer}, which sent {sent} (due: {wanted})")
                )
        return found

    async def _expected(self, topic: Topic, service: str, ids: Ids, published: Mapping[str, int]) -> Mapping[str, int]:
        """The last event that a service must have seen: it passes over the types that it does not act on."""
        acted_on = [fact.TYPE for fact in topic.facts if fact in _handled(service)]
        if len(acted_on) == len(topic.facts):
            return published
        if topic is WORK:  # the number of an event there is the version of its entry
            rows = await self.by_service["tier-queues"].fetch(LAST_WORK, ids, acted_on)
            return dict(rows)
        # Which event of an issue was of which type is known to Kafka only; the first opens the issue.
        return {key: min(1, last) for key, last in published.items()} if topic.facts[0].TYPE in acted_on else {}

    async def _sequence(self, service: str, ids: Ids) -> dict[str, int]:
        sql = "SELECT key, seq FROM outbox_sequence WHERE key = ANY($1)"
        return dict(await self.by_service[service].fetch(sql, _texts(ids)))

    async def _inbox(self, service: str, producer: str, ids: Ids) -> dict[str, int]:
        sql = "SELECT key, seq FROM inbox WHERE key = ANY($1) AND producer = $2"
        return dict(await self.by_service[service].fetch(sql, _texts(ids), producer))


def _handled(service: str) -> Collection[type]:
    """The facts that a service acts on: the table of contents of its consumer."""
    contents = vars(importlib.import_module(f"{service.replace('-', '_')}.consumer"))
    handled: Collection[type] = contents.get("HANDLERS") or contents["HEARD"]
    return handled


def _texts(ids: Ids) -> list[str]:
    return [str(issue) for issue in ids]


def _repeated(rows: Sequence[UUID]) -> set[UUID]:
    return {row for row in rows if rows.count(row) > 1} if len(set(rows)) != len(rows) else set()


def _of(issue: UUID | str, fault: str) -> Offender:
    return Offender(f"issue {issue}", fault)


async def databases_of(stack: AsyncExitStack, server_url: str | None, namespace: str) -> Databases | None:
    """Connect to every service's database, until the stack is closed; None when there is no way to them."""
    if server_url is None:
        return None
    server = urlsplit(server_url)
    by_service = {}
    for service in SERVICES:
        name = f"{namespace.replace('.', '_')}tierdesk_{service.replace('-', '_')}"
        try:
            connection = await asyncpg.connect(urlunsplit((server.scheme, server.netloc, f"/{name}", server.query, "")))
        except (OSError, asyncpg.PostgresError):
            return None
        stack.push_async_callback(connection.close)
        by_service[service] = connection
    return Databases(by_service)
