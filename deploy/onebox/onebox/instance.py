"""One instance as other commands see it: who supervises it, what runs, and where it answers."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from onebox.files import write_json
from onebox.locks import is_held, try_exclusive

LEFTOVER_STOP_WITHIN = timedelta(seconds=10)
POLL = timedelta(milliseconds=50)


class StillStarting(Exception):
    """Another command is bringing this instance up, or taking it down, for longer than we wait."""


@dataclass(frozen=True)
class ProcessRecord:
    """A process as the supervisor started it. Its creation time tells it from a later owner of the same number."""

    name: str
    pid: int
    created: float
    port: int | None = None

    @classmethod
    def of(cls, name: str, pid: int, port: int | None) -> "ProcessRecord | None":
        """The record of a process that runs now."""
        try:
            return cls(name, pid, psutil.Process(pid).create_time(), port)
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """The process, when it is still this one."""
        try:
            process = psutil.Process(self.pid)
            same = process.create_time() == self.created and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if same else None


@dataclass(frozen=True)
class State:
    """What a supervisor says about its instance. vendor_port: where a vendor on this machine may be reached."""

    supervisor: int
    url: str
    mail_url: str
    database_url: str = field(repr=False)
    kafka_bootstrap: str
    vendor_port: int
    ready: bool = False
    processes: tuple[ProcessRecord, ...] = field(default=())


class Instance:
    """The lock and the state file of one TIERDESK_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = home / "lock"
        self._file = home / "state.json"

    def acquire(self) -> bool:
        """Become the supervisor, until this process ends. False when there is one already."""
        descriptor = try_exclusive(self._lock)
        if descriptor is None:
            return False
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return True

    def supervisor(self) -> int | None:
        """The process id of the supervisor, or None when nobody holds the lock."""
        return int(self._lock.read_text() or 0) or None if is_held(self._lock) else None

    def state(self) -> State | None:
        """What the running supervisor says, or None while it has said nothing or none runs."""
        supervisor = self.supervisor()
        state = self._last_state()
        # A killed supervisor's last words stay until the next one speaks.
        return state if state is not None and state.supervisor == supervisor else None

    def write(self, state: State) -> None:
        """Replace the state, whole or not at all. Only its owner may read it: it holds the database's password."""
        write_json(self._file, asdict(state))

    def forget(self) -> None:
        """Nothing runs any more."""
        self._file.unlink(missing_ok=True)

    def end_leftovers(self) -> list[str]:
        """End what a killed supervisor left running, and say what that was. Only for the holder of the lock."""
        state = self._last_state()
        left = [(record.name, record.process()) for record in state.processes] if state else []
        end((process for _, process in left if process is not None), within=LEFTOVER_STOP_WITHIN)
        self.forget()
        return [name for name, process in left if process is not None]

    def _last_state(self) -> State | None:
        try:
            values = json.loads(self._file.read_text())
        except FileNotFoundError:
            return None
        processes = tuple(ProcessRecord(**record) for record in values.pop("processes"))
        return State(**values, processes=processes)

    def wait_until_ready(self, *, within: timedelta) -> State | None:
        """Wait for the running supervisor. The state once it is ready, None when it gave up. Raises StillStarting."""
        deadline = time.monotonic() + within.total_seconds()
        while time.monotonic() < deadline:
            state = self.state()
            if state is not None and state.ready:
                return state
            if self.supervisor() is None:
                return None
            time.sleep(POLL.total_seconds())
        raise StillStarting(f"Not ready after {within.total_seconds():.0f} s; its logs are in {self.home / 'logs'}.")

    def stop_supervisor(self, *, within: timedelta) -> bool:
        """Ask the supervisor to stop everything and wait; kill it at the deadline. False when there was none."""
        pid = self.supervisor()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + within.total_seconds()
        while self.supervisor() == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)  # its children are on a leash and follow
            time.sleep(POLL.total_seconds())
        return True


def end(processes: Iterable[psutil.Process], *, within: timedelta) -> None:
    """Ask processes to stop, and kill those that have not at the deadline."""
    asked = list(processes)
    for process in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
            process.terminate()
    _, stubborn = psutil.wait_procs(asked, within.total_seconds())
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, within.total_seconds())
