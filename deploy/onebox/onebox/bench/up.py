"""`bench up`: how long the second start takes until everything is ready, and the memory it then needs."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from onebox.bench import NothingMeasured
from onebox.bench.measure import Figure, at_most, median, note
from onebox.instance import Instance, ProcessRecord
from onebox.places import CHECKOUT, places
from onebox.status import memory_bytes

STARTS: Final = 3
READY_LIMIT_SECONDS: Final = 8.0
MEMORY_LIMIT_MIB: Final = 800.0
SUPERVISOR: Final = "supervisor"


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """Starts after the first one, from the command to ready, and the proportional set size of all processes."""
    return await asyncio.to_thread(_measure)


def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="tierdesk-bench-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  PostgreSQL's user passes through.
        # Its own servers: those of the environment would be running already.
        given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "KAFKA_BOOTSTRAP")}
        environment = given | {"TIERDESK_HOME": f"{folder}/home"}
        note("The first start, which installs, is not measured …")
        _start(environment)
        took, memory = [], []
        for number in range(STARTS):
            _tierdesk(environment, "down")
            took.append(_start(environment))
            memory.append(_memory_mib(environment))
            note(f"start {number + 2}: ready after {took[-1]:.1f} s, {memory[-1]:.0f} MiB")
        _tierdesk(environment, "down")
    return [
        at_most("a later start, to ready", median(took), "s", limit=READY_LIMIT_SECONDS),
        at_most("memory of all processes (PSS)", median(memory), "MiB", limit=MEMORY_LIMIT_MIB),
    ]


def _start(environment: Mapping[str, str]) -> float:
    """Seconds that the command takes; it returns when everything is ready."""
    began = time.monotonic()
    _tierdesk(environment, "up", "--detach")
    return time.monotonic() - began


def _tierdesk(environment: Mapping[str, str], *arguments: str) -> None:
    finished = subprocess.run([CHECKOUT / "tierdesk", *arguments], env=environment, stdout=sys.stderr, check=False)
    if finished.returncode != 0:
        raise NothingMeasured(f"`{arguments[0]}` did not work.")


def _memory_mib(environment: Mapping[str, str]) -> float:
    """Everything that runs for the instance, the supervisor, PostgreSQL and Kafka included."""
    instance = Instance(places(environment).home)
    state = instance.state()
    assert state is not None, "it has just started"
    supervisor = ProcessRecord.of(SUPERVISOR, instance.supervisor() or 0, None)
    records = (*state.processes, *((supervisor,) if supervisor else ()))
    return sum(memory_bytes(record) for record in records) / 2**20
