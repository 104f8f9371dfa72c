"""Run services inside a test: on a free port, in the test's own loop, with everything real behind them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from onebox.ports import any_free
from shared.db import Database
from shared.migrate import migrate
from shared.service import ALL_ROLES, Process, Role, Service, serve
from shared.settings import ServiceSettings
from shared.topics import create_topics
from support.waiting import until

HOST = "127.0.0.1"
READY_WITHIN = timedelta(seconds=30)
ANSWER_WITHIN_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """Services that serve. client: speaks to them over HTTP."""

    url: str
    client: httpx2.AsyncClient
    process: Process

    async def is_ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            return (await self.client.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False


async def prepare(*settings: ServiceSettings) -> None:
    """Migrate the services' databases and make all topics."""
    for each in settings:
        await migrate(each)
    await create_topics(settings[0].kafka_bootstrap, settings[0].namespace)


@asynccontextmanager
async def running(*services: Service, roles: frozenset[Role] = ALL_ROLES) -> AsyncIterator[Running]:
    """Serve until the block ends, then drain as SIGTERM would. Databases and topics must be there.

    Raises what the services raised, when they end by themselves.
    """
    for service in services:
        service.roles = roles
    process = Process(services)
    port = any_free(set())
    serving = asyncio.create_task(serve(process, host=HOST, port=port, signals=False))
    url = f"http://{HOST}:{port}"
    async with httpx2.AsyncClient(base_url=url, timeout=ANSWER_WITHIN_SECONDS, trust_env=False) as client:
        try:
            await _until_ready(started := Running(url, client, process), serving)
            yield started
        finally:
            process.stopping.set()
            await serving


async def _until_ready(started: Running, serving: "asyncio.Task[None]") -> None:
    async def ready() -> bool:
        return serving.done() or await started.is_ready()

    await wait_until(ready, READY_WITHIN, "the services are ready")
    assert not serving.done(), "the services ended while they started"


async def wait_until(condition: Callable[[], Awaitable[Any]], deadline: timedelta, what: str = "it came about") -> Any:
    """What the condition gives, once that is true. Raises AssertionError after the deadline."""
    return await until(condition, what, within=deadline)


async def rows(db: Database, sql: str, *parameters: Any) -> list[Any]:
    """What a service's database holds, for assertions."""
    async with db.transaction() as tx:
        return list(await tx.fetch(sql, *parameters))
