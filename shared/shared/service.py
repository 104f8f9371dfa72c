"""A service is an API, a consumer, timers and a relay over one database; `run` starts any number in a process."""

import asyncio
import faulthandler
import gc
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.types import ASGIApp

from shared import members
from shared.auth import StaffTokens
from shared.bus import Consumer
from shared.db import Database, Unavailable
from shared.edge import Edge
from shared.housekeeping import keep_house
from shared.kafka_on_uvloop import notice_closed_connections
from shared.outbox import Relay
from shared.probes import probes
from shared.revocations import follow_revocations
from shared.telemetry import FAULTS, configure_logging, log

Role = Literal["web", "worker", "background"]
"""web: the API. worker: the consumer, and timers that somebody waits for. background: timers that may lag behind."""
TICK: Final = timedelta(seconds=1)
LOOKS: Final = 12
"""How often the loop is looked at within the time after which it counts as standing still."""
GARBAGE_AFTER: Final = 20_000
"""Objects made and not freed after which cycles are looked for; Python's own number is 700."""
ALL_ROLES: Final[frozenset[Role]] = frozenset({"web", "worker", "background"})


@dataclass(frozen=True)
class Timer:
    """Runs `act` every so often. act returns True when there is more to do at once; it raises nothing it can name."""

    every: timedelta
    act: Callable[[], Awaitable[bool]]
    name: str
    role: Role = "worker"


@dataclass(eq=False)
class Service:
    """Everything one service runs. resources: what is opened at start and closed at the end, e.g. HTTP clients.

    roles: what of it runs in this process.
    """

    name: str
    db: Database
    api: FastAPI
    tokens: StaffTokens
    consumer: Consumer | None = None
    timers: Sequence[Timer] = ()
    resources: Sequence[AbstractAsyncContextManager[Any]] = ()
    draining: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited after the API has answered its last request and before the relay's last pass."""
    roles: frozenset[Role] = ALL_ROLES
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.relay = Relay(self.db)


@dataclass(eq=False)
class Process:
    """The services of this process and how they fare."""

    services: Sequence[Service]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    last_tick: float = field(default_factory=time.monotonic)


def run(*services: Service, port: int, host: str = "127.0.0.1") -> None:
    """Run services until SIGTERM or SIGINT, then drain: answer what came, finish the batch, publish, close.

    A process without the web role still serves `/livez`, `/readyz` and `/metrics` on its port.
    """
    configure_logging()
    notice_closed_connections()
    process = Process(services)
    # What is there at the start stays, and what a request leaves behind is mostly gone by counting references.
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    threading.Thread(target=_watch, args=(process,), name="watchdog", daemon=True).start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(process, host=host, port=port))


def _watch(process: Process) -> None:
    """End the process when its loop stands still: outside of the loop, which could not tell.

    Whoever supervises it starts it again; what was at work rolls back and is done anew.
    """
    limit = max(service.db.settings.progress_timeout for service in process.services).total_seconds()
    seen, looks = process.last_tick, 0
    # Looks are counted, and not seconds: who was stopped from outside for long shall have the time to go on.
    while looks < LOOKS:
        time.sleep(limit / LOOKS)
        looks = looks + 1 if process.last_tick == seen else 0
        seen = process.last_tick
    log().critical("the loop stands still", services=[service.name for service in process.services], seconds=limit)
    faulthandler.dump_traceback()
    os._exit(os.EX_SOFTWARE)


async def serve(process: Process, *, host: str, port: int, signals: bool = True) -> None:
    """`run` inside a running loop; ends when `process.stopping` is set."""
    if signals:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.stopping.set)
    async with AsyncExitStack() as stack:
        ticking = asyncio.create_task(_tick(process))
        stack.callback(ticking.cancel)
        for service in process.services:
            stack.push_async_callback(service.db.close)
            for resource in service.resources:
                await stack.enter_async_context(resource)
        await _run_until_drained(process, host, port)


async def _run_until_drained(process: Process, host: str, port: int) -> None:
    """Web and workers stop first; only then do the relays make their last pass."""
    written = asyncio.Event()
    async with asyncio.TaskGroup() as relays:
        for service in process.services:
            service.relay.only_own = service.roles == {"background"}
            relays.create_task(service.relay.run(written))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_serve_web(process, host, port))
                for service in process.services:
                    tasks.create_task(follow_revocations(service.db, service.tokens, process.stopping))
                    _start_work(tasks, service, process.stopping)
        finally:
            for service in process.services:
                for drain in service.draining:
                    await drain()
            written.set()


def _start_work(tasks: asyncio.TaskGroup, service: Service, stopping: asyncio.Event) -> None:
    db = service.db
    chore = Timer(db.settings.housekeeping_every, partial(keep_house, db), "forget what is over", "background")
    timers = [*service.timers, chore]
    if service.consumer is not None and "worker" in service.roles:
        tasks.create_task(service.consumer.run(stopping))
        timers.append(_announcements(db, service.consumer))
    for timer in timers:
        if timer.role in service.roles:
            tasks.create_task(_repeat(timer, service, stopping))


def _announcements(db: Database, consumer: Consumer) -> Timer:
    async def announce() -> bool:
        async with db.transaction() as tx:
            await members.announce(tx, db.settings.instance, consumer)
        return False

    return Timer(members.ANNOUNCE_EVERY, announce, "announce")


async def _repeat(timer: Timer, service: Service, stopping: asyncio.Event) -> None:
    """Run a timer until stopping; a fault of the database is waited out."""
    while not stopping.is_set():
        more = False
        try:
            more = await timer.act()
        except Unavailable as error:
            FAULTS.labels(service.name, "timer").inc()
            log().warning("timer waits", service=service.name, timer=timer.name, cause=repr(error))
        if not more:
            await _sleep(timer.every, stopping)


async def _sleep(span: timedelta, stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(span.total_seconds()):
            await stopping.wait()
    except TimeoutError:
        return


async def _tick(process: Process) -> None:
    """Proves that the loop advances, for `/livez` and the watchdog."""
    while True:
        process.last_tick = time.monotonic()
        await asyncio.sleep(TICK.total_seconds())


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which stops everything in order."""

    def capture_signals(self) -> AbstractAsyncContextManager[None]:  # type: ignore[override]
        return nullcontext()


async def _serve_web(process: Process, host: str, port: int) -> None:
    applications: dict[str, ASGIApp] = {
        service.name: service.api for service in process.services if "web" in service.roles
    }
    drain = max(service.db.settings.drain_timeout for service in process.services)
    trusted = process.services[0].db.settings.trusted_proxies
    config = uvicorn.Config(
        Edge(applications, probes(process)),
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted,
        timeout_graceful_shutdown=int(drain.total_seconds()),
        timeout_keep_alive=75,
    )
    server = _Server(config)
    ending = asyncio.create_task(_stop_with(server, process.stopping))
    try:
        await server.serve()
    finally:
        ending.cancel()
        process.stopping.set()


async def _stop_with(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True
