"""A running tier-queues with its staff, as agents and the other services meet it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx2

from shared.bus import Consumer
from shared.events import Fact
from shared.events.directory import VendorListed
from shared.ids import new_id
from shared.service import ALL_ROLES, Role, Service
from shared.vocabulary import Role as StaffRole
from support import events, people
from support.infrastructure import Infrastructure, new_namespace
from support.running import Running, prepare, running
from tier_queues import app, roster
from tier_queues.passwords import hash_of
from tier_queues.roster import Member
from tier_queues.settings import Settings

PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_of(PASSWORD)
FIVE_PARTS = dict.fromkeys(("impact", "findings", "tried", "ask", "promised"), "As it says on the timeline.")
NUMBERS = count(1)
OFFSETS = count(1)


@dataclass(frozen=True)
class Staff:
    """A member of staff at the desk."""

    id: str
    client: httpx2.AsyncClient
    headers: dict[str, str]

    async def give(
        self,
        command: str,
        issue: UUID | str,
        *,
        key: str | None = None,
        version: int | None = None,
        **body: Any,
    ) -> httpx2.Response:
        """A command on an issue, under a new Idempotency-Key unless one is given."""
        headers = people.as_command(self.headers, key=key, version=version)
        content: dict[str, Any] = {"json": body} if body else {}
        return await self.client.post(f"/tier-queues/issues/{issue}/{command}", headers=headers, **content)

    async def offer(self, issue: UUID, **changes: Any) -> httpx2.Response:
        """A handover to Tier 2 for want of knowledge, unless told otherwise."""
        return await self.give("offer", issue, **{"target": {"tier": 2}, "reason": "knowledge"} | FIVE_PARTS | changes)

    async def claim_next(self, tier: int, *, key: str | None = None) -> httpx2.Response:
        """Claim whatever comes first."""
        headers = people.as_command(self.headers, key=key)
        return await self.client.post(f"/tier-queues/tiers/{tier}/claim-next", headers=headers)

    async def get(self, path: str, **parameters: Any) -> httpx2.Response:
        """Read below /tier-queues."""
        return await self.client.get(f"/tier-queues{path}", params=parameters, headers=self.headers)

    async def send(
        self, method: str, path: str, body: Any, *, key: str | None = None, version: int | None = None
    ) -> httpx2.Response:
        """Another commanding request below /tier-queues."""
        headers = people.as_command(self.headers, key=key, version=version)
        return await self.client.request(method, f"/tier-queues{path}", json=body, headers=headers)

    async def issue(self, issue: UUID | str) -> dict[str, Any]:
        """An issue as staff see it."""
        answer = await self.get(f"/issues/{issue}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def timeline(self, issue: UUID | str) -> list[dict[str, Any]]:
        """Every entry of an issue, read page by page."""
        entries: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = (await self.get(f"/issues/{issue}/timeline", limit=50, **after)).json()
            entries += page["items"]
            if page["next"] is None:
                return entries
            after = {"after": page["next"]}


@dataclass(frozen=True)
class QueueService:
    """A running tier-queues."""

    settings: Settings
    service: Service
    running: Running

    @property
    def consumer(self) -> Consumer:
        """Its consumer, to hand it records as a poll does."""
        assert self.service.consumer is not None
        return self.service.consumer

    async def staff(
        self,
        name: str = "ada",
        *,
        role: StaffRole = StaffRole.AGENT,
        tiers: Iterable[int] = (1,),
        teams: Iterable[str] = (),
        capacity: int = 1000,
    ) -> Staff:
        """A new member of staff; the sign-in name begins with the name given."""
        member = Member(f"{name}-{new_id().hex[-8:]}", name.title(), role, tuple(tiers), tuple(teams), capacity)
        async with self.service.db.transaction() as tx:
            await roster.add(tx, member, PASSWORD_HASH)
        return self.as_staff(member)

    def as_staff(self, member: Member) -> Staff:
        """A member with a token, signed in or not."""
        headers = people.bearer(member.role, agent=member.id, name=member.name, tiers=member.tiers, teams=member.teams)
        return Staff(member.id, self.running.client, headers)

    async def hear(self, issue: UUID, *facts: Fact, first: int = 1) -> None:
        """Let one poll with facts of one service about an issue arrive; their `seq` counts from `first`."""
        envelopes = [events.envelope(fact, subject=issue, seq=seq) for seq, fact in enumerate(facts, first)]
        await self.consumer.handle([events.record(event, offset=next(OFFSETS)) for event in envelopes])

    async def issue(self, **routing: Any) -> UUID:
        """A new issue, accepted just now and queued at Tier 1 unless its routing says otherwise."""
        return (await self.issues(1, **routing))[0]

    async def issues(self, number: int, **routing: Any) -> list[UUID]:
        """Several new issues that arrive in polls of two hundred."""
        made = [new_id() for _ in range(number)]
        for start in range(0, number, 200):
            routed = [
                events.envelope(events.routed(of=accepted_now(), **routing), subject=issue)
                for issue in made[start : start + 200]
            ]
            await self.consumer.handle([events.record(event, offset=next(OFFSETS)) for event in routed])
        return made

    async def list_vendor(self, vendor: str) -> None:
        """Let vendor-bridge tell of a vendor that takes cases."""
        fact = VendorListed(entity=vendor, version=1, name=vendor.title(), products=(), active=True)
        await self.consumer.handle([events.record(events.envelope(fact), offset=next(OFFSETS))])

    async def move_clock(self, ahead: timedelta) -> None:
        """Let so much time pass for the service."""
        async with self.service.db.transaction() as tx:
            await tx.fetch("UPDATE clock SET ahead = ahead + $1", ahead)


def accepted_now(**changes: Any) -> Any:
    """A submission that was accepted just now, with a number of its own."""
    return events.submission(**{"number": next(NUMBERS), "accepted_at": datetime.now(UTC)} | changes)


def queue_settings(infrastructure: Infrastructure, **changes: Any) -> Settings:
    """Settings of a tier-queues on these servers."""
    values = {
        "TIERDESK_STAFF_PUBLIC_KEYS": people.public_keys(),
        "signing_key": people.signing_key(),
        "sign_ins_per_minute": 1000,
    }
    return Settings.model_validate(infrastructure.environment() | values | changes)


@asynccontextmanager
async def own_namespace(infrastructure: Infrastructure) -> AsyncIterator[Infrastructure]:
    """The same servers with databases and topics that nobody else uses, gone at the end."""
    own = replace(infrastructure, namespace=new_namespace())
    try:
        yield own
    finally:
        await own.drop_namespace()


@asynccontextmanager
async def running_queues(
    infrastructure: Infrastructure, roles: frozenset[Role] = ALL_ROLES, **changes: Any
) -> AsyncIterator[QueueService]:
    """Migrate a database of its own, and run."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own, **changes)
        await prepare(settings)
        service = app.build(settings)
        async with running(service, roles=roles) as started:
            yield QueueService(settings, service, started)
