"""Everything in real processes, on servers of the test's choice: whatever is killed is started again."""

import asyncio
import contextlib
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from onebox.keys import Secrets
from onebox.layout import Layout, Planner, PythonProcess
from onebox.places import places
from onebox.ports import LOOPBACK, Ports
from onebox.processes import Command, NotReady, Running, run_to_end, start_all
from onebox.routes import SERVICES
from onebox.seed import Credentials
from support.infrastructure import Infrastructure
from support.waiting import until

STARTED_AGAIN_AFTER: Final = timedelta(milliseconds=100)
KILLED_WITHIN: Final = timedelta(minutes=3)
READY_WITHIN: Final = timedelta(minutes=2)

ROLES: Final = {"web": "web", "worker": "worker", "background": "worker,background"}
"""Process to what it runs of each service."""
IMPATIENT: Final = {
    "TIERDESK_NOTIFICATIONS_LEASE": "PT3S",
    "TIERDESK_VENDOR_BRIDGE_OUTGOING_TIMEOUT": "PT3S",
    "TIERDESK_VENDOR_BRIDGE_DELIVERY_LEASE": "PT4S",
}
"""What a killed process had leased is due again soon, so that a test need not wait for it."""


@dataclass
class Desk:
    """One instance: APIs in `web`, consumers, timers and senders in `worker` and `background`, and a mail sink.

    Nobody kills the sink.

    deaths: how processes ended that were started again, as (name, exit status, negative for a signal).
    """

    home: Path
    infrastructure: Infrastructure
    layout: Layout
    settings: Mapping[str, str]
    running: dict[str, Running]
    deaths: list[tuple[str, int]] = field(default_factory=list)
    _changes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _turns: dict[str, deque[str]] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the APIs are."""
        return f"http://{LOOPBACK}:{self.layout.public.port}"

    @property
    def mail_folder(self) -> Path:
        """Where the sink keeps what it took."""
        return self.home / "mail"

    @property
    def mail_url(self) -> str:
        """Where the sink shows what it took; ends in a slash."""
        return self.layout.mail_url.replace("localhost", LOOPBACK)

    @property
    def credentials(self) -> Credentials:
        """Sign-ins of the first staff, and the client application's key."""
        return Credentials(self.home)

    async def start(self) -> None:
        """Make databases and topics, start all, and from now on start again what ends."""
        await self._install()
        await start_all(self.running.values())
        self._keepers = [asyncio.create_task(self._keep(running)) for running in self.running.values()]

    async def stop(self) -> None:
        """Stop all in order. Raises what a keeper raised."""
        for keeper in self._keepers:
            keeper.cancel()
        ended = await asyncio.gather(*self._keepers, return_exceptions=True)
        mail = self.running[self.layout.mail.name]
        await asyncio.gather(*(running.stop() for running in self.running.values() if running is not mail))
        await mail.stop()
        for failure in ended:
            if isinstance(failure, Exception):
                raise failure

    async def kill_at(self, failpoint: str, turns: Mapping[str, Sequence[int]]) -> None:
        """Let processes be killed at a failpoint, each as often as it has turns, then started again unarmed.

        turns: process to which pass of the failpoint kills it, turn by turn. There must be work that leads there.
        """
        expected = self.fired(failpoint) + sum(map(len, turns.values()))
        for name, passes in turns.items():
            self._turns[name] = deque(f"{failpoint}:{number}" for number in passes)
            # To be armed it must be started again, which is one more fault at a moment of nobody's choice.
            self.running[name].send(signal.SIGKILL)
        await until(
            lambda: _as_found(self.fired(failpoint) >= expected), f"{expected} kills {failpoint}", within=KILLED_WITHIN
        )

    @asynccontextmanager
    async def changed(self, name: str, **settings: str) -> AsyncIterator[None]:
        """Run one process with other settings until the block ends; for each change it is killed and started again."""
        self._changes[name] = settings
        self.running[name].send(signal.SIGKILL)
        try:
            yield
        finally:
            del self._changes[name]
            self.running[name].send(signal.SIGKILL)

    def fired(self, failpoint: str) -> int:
        """How often the failpoint has killed, by its own log."""
        return self._failpoint_log.read_text().split().count(failpoint) if self._failpoint_log.exists() else 0

    async def ready(self) -> None:
        """Wait until every process serves."""

        async def all_ready() -> bool:
            return all([await running.part.is_ready() for running in self.running.values()])

        await until(all_ready, "all processes are ready", within=READY_WITHIN)

    def log(self, name: str) -> str:
        """What a process has written so far."""
        return (self.home / "logs" / f"{name}.log").read_text(errors="replace")

    def database_url(self, service: str) -> str:
        """A service's database, signed in as the administrator."""
        server = urlsplit(self.infrastructure.database_url)
        prefix = self.infrastructure.namespace.replace(".", "_")
        name = f"{prefix}tierdesk_{service.replace('-', '_')}"
        return urlunsplit((server.scheme, server.netloc, f"/{name}", server.query, ""))

    @property
    def _failpoint_log(self) -> Path:
        return self.home / "failpoints.log"

    async def _install(self) -> None:
        command = Command(
            arguments=(sys.executable, "-m", "onebox.install"),
            log=self.home / "logs" / "install.log",
            environment={**self.layout.environment, **self.settings},
            stop_signal=signal.SIGKILL,
        )
        await run_to_end(command, what="Preparing databases and topics")

    async def _keep(self, running: Running) -> None:
        """Start one process again whenever it ends, armed for its next turn if it has one."""
        usual = running.part
        assert isinstance(usual, PythonProcess)
        while True:
            self.deaths.append((usual.name, await running.wait()))
            await asyncio.sleep(STARTED_AGAIN_AFTER.total_seconds())
            turns = self._turns.get(usual.name)
            armed = {"TIERDESK_FAILPOINT": turns.popleft()} if turns else {}
            changes = self._changes.get(usual.name, {})
            running.part = replace(usual, environment={**usual.environment, **changes, **armed})
            await running.spawn()


async def _as_found(holds: bool) -> bool:
    return holds


def _planned(home: Path, infrastructure: Infrastructure, settings: Mapping[str, str], services: Sequence[str]) -> Desk:
    where = places({"TIERDESK_HOME": str(home), "TIERDESK_CACHE": str(home / "cache")})
    where.make()
    ports = Ports(home / "ports.json")
    planner = Planner(where, ports, Secrets(home / "secrets.json"), public_port=ports.take("public"))
    layout = planner.plan(
        split=False, database_url=infrastructure.database_url, kafka_bootstrap=infrastructure.kafka_bootstrap
    )
    told = {
        **IMPATIENT,
        "TIERDESK_NAMESPACE": infrastructure.namespace,
        "TIERDESK_HOME": str(home),
        "TIERDESK_FAILPOINT_LOG": str(home / "failpoints.log"),
        **settings,
    }
    parts = [_told(part, told, services) for part in (*layout.services, layout.public)]
    running = {part.name: Running(part) for part in (layout.mail, *parts)}
    return Desk(home, infrastructure, layout, told, running)


def _told(part: PythonProcess, settings: Mapping[str, str], services: Sequence[str]) -> PythonProcess:
    """Every process runs these services, so that each consumer group has two members."""
    told = [f"{service}={ROLES[part.name]}" for service in services]
    return replace(part, arguments=(part.arguments[0], *told), environment={**part.environment, **settings})


@asynccontextmanager
async def desk(
    infrastructure: Infrastructure, *, services: Sequence[str] = SERVICES, **settings: str
) -> AsyncIterator[Desk]:
    """A running instance in the infrastructure's namespace. settings: of its processes, by environment variable."""
    with home_folder() as home:
        made = _planned(home, infrastructure, settings, services)
        try:
            await made.start()
            yield made
        except NotReady as failure:
            raise AssertionError(str(failure)) from failure
        finally:
            await made.stop()


@contextmanager
def home_folder() -> Iterator[Path]:
    """A short-lived TIERDESK_HOME."""
    with TemporaryDirectory(prefix="tierdesk-desk-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@asynccontextmanager
async def databases(
    made: Desk, services: Sequence[str]
) -> AsyncIterator[Mapping[str, "asyncpg.Connection[asyncpg.Record]"]]:
    """A connection to each of these services' databases, as the administrator."""
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for service in services:
            found[service] = await asyncpg.connect(made.database_url(service))
            stack.push_async_callback(found[service].close)
        yield found
