"""Starts everything, starts again what dies, and stops everything in order."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

from onebox import install
from onebox.artifacts import Say
from onebox.instance import Instance, ProcessRecord, State
from onebox.layout import Layout
from onebox.logs import keep_small
from onebox.processes import Command, NotReady, Running, run_to_end, start_all
from onebox.servers import Servers

FIRST_BACKOFF = timedelta(milliseconds=100)
LONGEST_BACKOFF = timedelta(seconds=10)
STEADY_AFTER = timedelta(seconds=30)
LOGS_EVERY = timedelta(minutes=1)


class Supervisor:
    """Runs one instance. Only the holder of the instance's lock may have one."""

    def __init__(self, instance: Instance, servers: Servers, layout: Layout, *, say: Say) -> None:
        self._instance = instance
        self._servers = servers
        self._layout = layout
        self._ours = layout.running()
        self._say = say
        self._ready = False

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Bring everything up, call on_ready once, and keep it up until SIGINT or SIGTERM. Raises NotReady."""
        async with self._until_signal():
            try:
                await self._bring_up()
                self._write_state(ready=True)
                on_ready()
                await self._keep_up()
            finally:
                await self._take_down()

    @asynccontextmanager
    async def _until_signal(self) -> AsyncIterator[None]:
        """Cancel the block at the first SIGINT or SIGTERM; whoever asks twice is in a hurry."""
        task = asyncio.current_task()
        assert task is not None
        asked = False

        def ask() -> None:
            nonlocal asked
            if asked:
                self._kill_all()
            else:
                asked = True
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ask)
        try:
            yield
        except asyncio.CancelledError:
            if not asked:
                raise
            task.uncancel()

    async def _bring_up(self) -> None:
        """Start all at the same time when the databases are known to be ready, else in order."""
        own = self._servers.own
        if len(own) == 2 and install.is_installed(self._instance.home):
            await self._start((*own, *self._ours.values()))
            return
        await self._start(own)
        await self._install()
        await self._start(self._ours.values())

    async def _start(self, every: Iterable[Running]) -> None:
        await start_all(every, on_spawn=self._write_state)

    async def _install(self) -> None:
        self._say("Preparing databases and topics …")
        command = Command(
            arguments=(sys.executable, "-m", "onebox.install"),
            log=self._instance.home / "logs" / "install.log",
            environment=self._layout.environment,
            stop_signal=signal.SIGKILL,
        )
        await run_to_end(command, what="Preparing databases and topics")
        install.record_installed(self._instance.home)

    async def _keep_up(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for running in self._all():
                group.create_task(self._keep(running))
            group.create_task(self._keep_logs_small())

    async def _keep(self, running: Running) -> None:
        """Start one process again whenever it ends, later and later while it ends soon."""
        backoff = FIRST_BACKOFF
        while True:
            began = time.monotonic()
            status = await running.wait()
            if time.monotonic() - began > STEADY_AFTER.total_seconds():
                backoff = FIRST_BACKOFF
            self._say(f"{running.part.name} ended ({describe(status)}); starting it again.")
            self._write_state()
            await asyncio.sleep(backoff.total_seconds())
            backoff = min(2 * backoff, LONGEST_BACKOFF)
            try:
                await running.spawn()
                self._write_state()
                await running.until_ready()
            except NotReady as failure:
                self._say(str(failure))

    async def _keep_logs_small(self) -> None:
        while True:
            await asyncio.sleep(LOGS_EVERY.total_seconds())
            keep_small(self._instance.home / "logs")

    async def _take_down(self) -> None:
        """Services first, so that they drain into servers that still run."""
        public, mail = self._layout.public.name, self._layout.mail.name
        await self._stop(running for name, running in self._ours.items() if name == public)
        await self._stop(running for name, running in self._ours.items() if name not in (public, mail))
        await self._ours[mail].stop()
        await self._servers.stop()
        self._instance.forget()

    async def _stop(self, every: Iterable[Running]) -> None:
        await asyncio.gather(*(running.stop() for running in every))

    def _kill_all(self) -> None:
        for running in self._all():
            running.send(signal.SIGKILL)

    def _all(self) -> tuple[Running, ...]:
        return (*self._servers.own, *self._ours.values())

    def _write_state(self, *, ready: bool = False) -> None:
        self._ready = self._ready or ready
        records = (self._record(running) for running in self._all())
        state = State(
            supervisor=os.getpid(),
            url=self._layout.url,
            mail_url=self._layout.mail_url,
            database_url=self._servers.database_url,
            kafka_bootstrap=self._servers.kafka_bootstrap,
            vendor_port=self._layout.vendor_port,
            ready=self._ready,
            processes=tuple(record for record in records if record is not None),
        )
        self._instance.write(state)

    def _record(self, running: Running) -> ProcessRecord | None:
        if running.pid is None:
            return None
        return ProcessRecord.of(running.part.name, running.pid, running.part.port)


def describe(status: int) -> str:
    """An exit status in words, e.g. `SIGKILL` or `status 1`."""
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
