"""All five services in one process on real servers, and somebody of every kind who calls them."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2

from intake import seed as intake_seed
from intake.seed import ClientApplication
from shared import directories, webhooks
from shared.events.directory import SessionRevoked
from shared.ids import new_id
from shared.service import Role as ProcessRole
from shared.service import Service
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.intake import ADA
from support.operations import SETTINGS, TARGET, Operation, build
from support.people import as_command, public_keys, signing_key, token
from support.queue_service import PASSWORD, PASSWORD_HASH, own_namespace
from support.running import prepare, running
from tier_queues import roster
from tier_queues.roster import Member
from vendor_bridge.seed import add as add_vendor
from vendor_bridge.settings import Settings as VendorBridgeSettings

Sign = Callable[[bytes], dict[str, str]]
"""The headers with which a caller signs a request that has this body."""
WEB: Final[frozenset[ProcessRole]] = frozenset({"web"})
VENDOR: Final = "acme"
SIGNED_OUT: Final = new_id()
"""A session whose tokens are refused in every service."""
CONTENT: Final = {"content-type": "application/json"}
NOWHERE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True)
class Whole:
    """The running services and who calls them, by kind: a role, application, another application, vendor, session."""

    url: str
    client: httpx2.AsyncClient
    services: Mapping[str, Service]
    callers: Mapping[str, Sign]

    async def call(
        self, operation: Operation, caller: str, content: bytes | None = None, *, at: Mapping[str, str] = NOWHERE
    ) -> httpx2.Response:
        """A request that is complete as far as the document tells. at: values of names in the path."""
        if content is None:
            content = b"" if operation.schema is None else json.dumps(operation.body()).encode()
        values = ({"vendor_id": VENDOR} if caller == "vendor" else {}) | dict(at)
        headers = self.headers(operation, caller, content)
        address = operation.url(**values)
        return await self.client.request(
            operation.method, address, params=operation.query(), content=content, headers=headers
        )

    def headers(self, operation: Operation, caller: str, content: bytes = b"") -> dict[str, str]:
        """What such a request says besides its body."""
        file = {"x-file-name": "file.txt"} if "x-file-name" in operation.parameters else {}
        signed = as_command(file | self.callers[caller](content))
        return signed | (CONTENT if operation.schema is not None else {})

    async def rows(self) -> dict[str, int]:
        """How many rows every table of every service has."""
        return {
            f"{service.name}.{table}": count
            for service in self.services.values()
            for table, count in await _counts(service)
        }


async def _counts(service: Service) -> Sequence[tuple[str, int]]:
    async with service.db.transaction() as tx:
        names = await tx.fetch("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
        counts = [f"SELECT '{name}', count(*) FROM {name} {_WHICH.get(name, '')}" for (name,) in names]
        return [(name, count) for name, count in await tx.fetch(" UNION ALL ".join(counts))]


_WHICH: Final = {"attachment": "WHERE complete", "outbox": "WHERE false", "member": "WHERE false"}
"""An upload that nothing can use is removed by a timer, with its bytes; the outbox empties itself, and what was
published stays counted in its sequence; workers announce themselves when they please."""


@asynccontextmanager
async def running_whole(infrastructure: Infrastructure, folder: Path) -> AsyncIterator[Whole]:
    """Five migrated services behind one port in a namespace of their own, without workers."""
    async with own_namespace(infrastructure) as own:
        settings = [kind.model_validate(own.environment() | _values(folder)) for kind in SETTINGS]
        await prepare(*settings)
        services = {one.SERVICE: build(one) for one in settings}
        callers = await _callers(services)
        async with running(*services.values(), roles=WEB) as started:
            session = await _session(started.client)
            yield Whole(started.url, started.client, services, callers | {"session": session})


def _values(folder: Path) -> dict[str, Any]:
    return {
        "TIERDESK_STAFF_PUBLIC_KEYS": public_keys(),
        "TIERDESK_OBJECT_STORE": folder.as_uri(),
        "signing_key": signing_key(),
        "sign_ins_per_minute": 1_000_000,
        "allowed_private_targets": TARGET.rstrip("/"),
    }


async def _callers(services: Mapping[str, Service]) -> dict[str, Sign]:
    """Somebody of every kind, known to the services."""
    await intake_seed.add_customers(services["intake"].db, [ADA])
    revoked = SessionRevoked(
        entity=str(SIGNED_OUT), version=1, session=SIGNED_OUT, expires_at=datetime.now(UTC) + timedelta(hours=1)
    )
    for service in services.values():
        async with service.db.transaction() as tx:
            await directories.keep(tx, [revoked])
    staff: dict[str, Sign] = {role.value: bearing(await _member(services["tier-queues"], role)) for role in Role}
    return staff | {
        "nobody": lambda _body: {},
        "application": bearing(await _application(services["intake"], "shop")),
        "another application": bearing(await _application(services["intake"], "rival")),
        "vendor": await _vendor(services["vendor-bridge"]),
    }


def bearing(credential: str) -> Sign:
    """Whoever holds a bearer token."""
    return lambda _body: {"authorization": f"Bearer {credential}"}


async def _member(service: Service, role: Role) -> str:
    member = Member(role.value, role.value.title(), role, (1, 2, 3), (), 1000)
    async with service.db.transaction() as tx:
        await roster.add(tx, member, PASSWORD_HASH)
    return token(role, agent=member.id, tiers=member.tiers)


async def _application(service: Service, name: str) -> str:
    added = ClientApplication(id=name, name=name.title())
    settings: Any = service.db.settings
    return str(await intake_seed.add_client_application(service.db, settings, added))


async def _vendor(service: Service) -> Sign:
    settings = service.db.settings
    assert isinstance(settings, VendorBridgeSettings)
    told = await add_vendor(settings, VENDOR, name="Acme Cloud", url=TARGET, products=[])
    secret = told["callback_secret"]
    return lambda body: webhooks.sign([secret], new_id().hex, datetime.now(UTC), body)


async def _session(client: httpx2.AsyncClient) -> Sign:
    """Whoever holds the cookie of a session."""
    answer = await client.post("/tier-queues/session", json={"agent": "agent", "password": PASSWORD})
    cookie = answer.cookies["tierdesk_session"]
    client.cookies.clear()
    return lambda _body: {"cookie": f"tierdesk_session={cookie}"}
