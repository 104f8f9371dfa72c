"""One process under our care: started on a leash, waited for, stopped, killed, paused."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import psutil

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
    niceness: int = 0
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
        self._log_start_bytes = 0

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
        self._log_start_bytes = _size(command.log)
        self._process = await _launch(command)

    async def until_ready(self) -> None:
        """Wait for readiness. Raises NotReady."""
        try:
            async with asyncio.timeout(self.part.ready_within.total_seconds()):
                while not await self.part.is_ready():
                    if self.pid is None:
                        raise NotReady(f"{self.part.name} ended while starting.\n{self._said()}")
                    await asyncio.sleep(READY_POLL.total_seconds())
        except TimeoutError:
            late = f"{self.part.name} was not ready within {self.part.ready_within}."
            raise NotReady(f"{late}\n{self._said()}") from None

    async def wait(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to stop and wait; after its deadline kill it. Nothing to do when it does not run."""
        if self.pid is None:
            return
        self._send_to_tree(signal.SIGCONT)
        self.send(self._stop_signal)
        try:
            async with asyncio.timeout(self._stop_within.total_seconds()):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.send(signal.SIGKILL)
        await self.wait()

    async def restart(self) -> None:
        """Stop in order and start again, on the same ports with the same state."""
        await self.stop()
        await self.start()

    async def pause(self) -> None:
        """SIGSTOP to it and its children: alive, and answering nobody."""
        self._send_to_tree(signal.SIGSTOP)

    async def resume(self) -> None:
        """Undo pause."""
        self._send_to_tree(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _said(self) -> str:
        return tail(self.part.command().log, since_bytes=self._log_start_bytes)

    def _send_to_tree(self, number: signal.Signals) -> None:
        # PostgreSQL's children are no process group: each is its own.
        if self.pid is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            for each in (process, *process.children(recursive=True)):
                each.send_signal(number)


async def start_all(every: Iterable[Running], on_spawn: Callable[[], object] = lambda: None) -> None:
    """Start at the same time, and wait until all are ready. Raises NotReady; some may then run.

    on_spawn is called after each one has got its process.
    """
    started = list(every)

    async def spawn(running: Running) -> None:
        await running.spawn()
        on_spawn()

    try:
        async with asyncio.TaskGroup() as group:
            for running in started:
                group.create_task(spawn(running))
        async with asyncio.TaskGroup() as group:
            for running in started:
                group.create_task(running.until_ready())
    except ExceptionGroup as failures:
        _, others = failures.split(NotReady)
        raise (others or failures.exceptions[0]) from None


async def run_to_end(command: Command, *, what: str) -> None:
    """Run a command that prepares something. Raises NotReady with the end of its log when it fails."""
    begin_bytes = _size(command.log)
    process = await _launch(command)
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if status != 0:
        raise NotReady(f"{what} failed.\n{tail(command.log, since_bytes=begin_bytes)}")


async def _launch(command: Command) -> asyncio.subprocess.Process:
    with command.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *_leashed(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=command.folder,
            env=dict(command.environment),
            start_new_session=True,  # Ctrl-C goes to the supervisor alone, which stops them in order
        )


def _leashed(command: Command) -> list[str]:
    """The command line that dies with this process."""
    leash = [sys.executable, "-ISE", str(LEASH), str(os.getpid()), str(int(command.stop_signal))]
    return [*leash, str(command.user_id), str(command.niceness), *command.arguments]


def tail(log: Path, *, since_bytes: int) -> str:
    """The end of what was written to a log since it had that size."""
    with log.open("rb") as lines:
        size_bytes = lines.seek(0, os.SEEK_END)
        lines.seek(max(min(since_bytes, size_bytes), size_bytes - LOG_TAIL_BYTES))
        return lines.read().decode(errors="replace")


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
