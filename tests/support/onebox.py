"""`./tierdesk` as a user runs it, on a home of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from onebox.instance import Instance, ProcessRecord, State
from support.waiting import eventually

COMMAND_WITHIN = timedelta(minutes=3)
OURS = ("DATABASE_URL", "KAFKA_BOOTSTRAP", "TIERDESK_NAMESPACE", "TIERDESK_HOME")


@dataclass(frozen=True)
class Onebox:
    """One instance of everything, with embedded servers."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            text=True,
            capture_output=True,
            timeout=COMMAND_WITHIN.total_seconds(),
            check=False,
        )

    def up(self, *options: str) -> State:
        """Bring it up in the background."""
        finished = self.run("up", "--detach", *options)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return self.state()

    def state(self) -> State:
        """What the supervisor says."""
        state = Instance(self.home).state()
        assert state is not None
        return state

    def record(self, name: str) -> ProcessRecord | None:
        """One of its processes, or None while it does not run."""
        return next((record for record in self.state().processes if record.name == name), None)

    def pid(self, name: str) -> int:
        """The id of a process that must run."""
        record = self.record(name)
        assert record is not None, f"{name} does not run"
        return record.pid

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it, as of now."""
        pid = Instance(self.home).supervisor()
        if pid is None:
            return []
        supervisor = psutil.Process(pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def kill(self, name: str) -> None:
        """SIGKILL one process, and wait until the supervisor has another one that is ready."""
        killed = self.record(name)
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)
        eventually(lambda: self.record(name) not in (None, killed), f"{name} is started again")
        eventually(self.is_ready, f"all are ready after {name} was killed")

    def is_ready(self) -> bool:
        """Whether `status` says that every process is ready."""
        return self.run("status").returncode == 0

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "onebox", *arguments]

    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at this home and at no other servers."""
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        return {**inherited, "TIERDESK_HOME": str(self.home), **self.settings}


@contextmanager
def onebox(home: Path, **settings: str) -> Iterator[Onebox]:
    """An instance that is stopped and deleted afterwards."""
    instance = Onebox(home, settings)
    try:
        yield instance
    finally:
        finished = instance.run("reset", "--yes")
        assert finished.returncode == 0, finished.stderr


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
