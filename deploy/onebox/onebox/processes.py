"""One process under our care: started on a leash, waited for, stopped, killed, paused."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

LEASH = Path(__file__).with_name("leash.py")
READY_POLL = timedelta(milliseconds=25)
LOG_TAIL_BYTES = 4_000


class NotReady(Exception):
    """A process ended, or took too long, before it was ready. The message holds the end of its log."""


@dataclass(frozen=True)
class Command:
    """What to run, as whom, and how it is told to stop."""

    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user_id: int = -1
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: timedelta = timedelta(seconds=30)


class Part(Protocol):
    """Something that runs as one process of this machine."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def ready_within(self) -> timedelta: ...

    async def prepare(self) -> None:
        """Make what a start needs and clear what a crash left. Called before every start."""

    def command(self) -> Command: ...

    async def is_ready(self) -> bool:
        """Whether it serves. Quick, and False rather than an error while it does not."""


class Running:
    """One part and its process, started and stopped any number of times."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._process: asyncio.subprocess.Process | None = None
        self._stop_signal = signal.SIGTERM
        self._stop_within = timedelta(seconds=30)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start, and return once it is ready. Raises NotReady."""
        await self.spawn()
        await self.until_ready()

    async def spawn(self) -> None:
        """Start without waiting for readiness."""
        await self.part.prepare()
        command = self.part.command()
        self._stop_signal, self._stop_within = command.stop_signal, command.stop_within
        with command.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *leashed(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=command.folder,
                env=dict(command.environment),
                start_new_session=True,  # Ctrl-C goes to the supervisor alone, which stops them in order
            )

    async def until_ready(self) -> None:
        """Wait for readiness. Raises NotReady."""
        try:
            async with asyncio.timeout(self.part.ready_within.total_seconds()):
                while not await self.part.is_ready():
                    if self.pid is None:
                        raise NotReady(f"{self.part.name} ended while starting.\n{self.log_tail()}")
                    await asyncio.sleep(READY_POLL.total_seconds())
        except TimeoutError:
            raise NotReady(
                f"{self.part.name} was not ready within {self.part.ready_within}.\n{self.log_tail()}"
            ) from None

    async def wait(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to stop and wait; after its deadline kill it. Nothing to do when it does not run."""
        if self.pid is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(self._stop_signal)
        try:
            async with asyncio.timeout(self._stop_within.total_seconds()):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.signal(signal.SIGKILL)
        await self.wait()

    async def restart(self) -> None:
        """Stop in order and start again, on the same ports with the same state."""
        await self.stop()
        await self.start()

    def pause(self) -> None:
        """SIGSTOP: alive, and answering nobody."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo pause."""
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def log_tail(self) -> str:
        """The end of its log."""
        with self.part.command().log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")


def leashed(command: Command) -> list[str]:
    """The command line that dies with this process."""
    leash = [sys.executable, "-ISE", str(LEASH), str(os.getpid()), str(int(command.stop_signal)), str(command.user_id)]
    return [*leash, *command.arguments]
