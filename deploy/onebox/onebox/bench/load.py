"""The load: HTTP/1.1 by hand over asyncio, in a process of its own, so that it costs less than what it measures.

`python -m onebox.bench.load` reads one Job as JSON from standard input and prints one Outcome as JSON.
Keep-alive, one request at a time per connection. Closed loop: each connection sends when it has its answer.
Open loop: requests start by the clock, whatever the answers do, and latency counts from the intended start.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import asdict
from typing import Any, Final, cast

import uvloop

from onebox.bench import NothingMeasured
from onebox.bench.job import Job, Outcome, Shot, requests

DRAIN_SECONDS: Final = 10.0
"""How long answers are awaited after the last request of an open loop."""
RECONNECT_AFTER_SECONDS: Final = 0.1
LOST: Final = "lost"
"""The status of a request whose connection ended without an answer."""


async def shoot(job: Job) -> Outcome:
    """Run a job in a process of its own. Raises LoadFailed when that process does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onebox.bench.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(json.dumps(asdict(job)).encode())
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode != 0:
        raise LoadFailed(errors.decode(errors="replace"))
    return Outcome(**json.loads(output))


class LoadFailed(NothingMeasured):
    """The load could not reach what it was to measure. The message holds its output."""


class Connection(asyncio.Protocol):
    """A request out, an answer in."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._received = b""
        self.transport: asyncio.Transport | None = None
        self.intended = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, intended: float) -> None:
        """Send a request. intended: when it was meant to start, by `perf_counter`; uvloop's clock is too coarse."""
        assert self.transport is not None
        self.intended = intended
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        end = data.find(b"\r\n\r\n")
        if end < 0 or len(data) < end + 4 + _length(data, end):
            self._received = data
            return
        self._received = b""
        self._load.answered(self, data[9:12].decode("latin-1"), data[end + 4 :])

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._load.lost(self)


def _length(data: bytes, end: int) -> int:
    at = data.find(b"ontent-length: ", 0, end)
    if at < 0:
        at = data.lower().find(b"ontent-length: ", 0, end)
    return int(data[at + 15 : data.find(b"\r", at)]) if at >= 0 else 0


class Load:
    """A job at work."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._requests = requests(job)
        self._idle: deque[Connection] = deque()
        self._late: deque[tuple[bytes, float]] = deque()
        self._under_way = 0
        self._finished = asyncio.Event()
        self._epoch = time.time() - time.perf_counter()
        self._began = self._until = self._last = 0.0
        self._statuses: dict[str, int] = {}
        self._latencies_ms: list[float] = []
        self._answers: list[tuple[float, float, str]] = []
        self._reconnecting: set[asyncio.Task[None]] = set()
        self._over = False

    async def run(self) -> Outcome:
        """Send everything and wait for the answers."""
        for _ in range(self._job.connections):
            await self._connect()
        self._began = time.perf_counter() + self._job.warm_up_seconds
        self._until = self._began + self._job.seconds
        if self._job.rate is None:
            for _ in range(len(self._idle)):
                self._next(self._idle.popleft())
        else:
            await self._by_the_clock(self._job.rate)
        async with asyncio.timeout(self._job.warm_up_seconds + self._job.seconds + DRAIN_SECONDS):
            await self._finished.wait()
        return self._outcome()

    def _outcome(self) -> Outcome:
        # A closed loop that ran out of shots ended earlier than its time.
        ended = self._until if self._job.repeat or self._job.rate else min(self._until, self._last)
        return Outcome(self._statuses, ended - self._began, self._latencies_ms, self._answers)

    async def _connect(self) -> None:
        _, connection = await self._loop.create_connection(lambda: Connection(self), self._job.host, self._job.port)
        self._idle.append(connection)

    async def _by_the_clock(self, rate: float) -> None:
        first = time.perf_counter()
        for number, request in enumerate(self._requests):
            intended = first + number / rate
            if intended >= self._until:
                break
            ahead = intended - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self._under_way += 1
            if self._idle:
                self._idle.popleft().send(request, intended)
            else:
                self._late.append((request, intended))
        self._over = True
        self._end_when_done()

    def _next(self, connection: Connection) -> None:
        """Let a free connection send the next request, if there is one."""
        if self._late:
            connection.send(*self._late.popleft())
            return
        if self._job.rate is None and time.perf_counter() < self._until:
            request = next(self._requests, None)
            if request is not None:
                self._under_way += 1
                connection.send(request, time.perf_counter())
                return
        if self._job.rate is None:
            self._over = True
        else:
            self._idle.append(connection)
        self._end_when_done()

    def answered(self, connection: Connection, status: str, body: bytes) -> None:
        """An answer came."""
        self._under_way -= 1
        self._count(connection, status, body)
        self._next(connection)

    def lost(self, connection: Connection) -> None:
        """The server ended a connection."""
        if self._finished.is_set():
            return
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            self._under_way -= 1
            self._count(connection, LOST, b"")
        task = self._loop.create_task(self._again())
        self._reconnecting.add(task)
        task.add_done_callback(self._reconnecting.discard)

    async def _again(self) -> None:
        """Put a new connection in the place of a lost one; a server that is gone for good ends the load."""
        await asyncio.sleep(RECONNECT_AFTER_SECONDS)
        await self._connect()
        self._next(self._idle.pop())

    def _count(self, connection: Connection, status: str, body: bytes) -> None:
        now = time.perf_counter()
        # A closed loop counts what was answered within its time, an open one what was to start within it.
        moment = now if self._job.rate is None else connection.intended
        if not self._began <= moment < self._until:
            return
        self._last = now
        self._statuses[status] = self._statuses.get(status, 0) + 1
        if status[0] in "23":
            milliseconds = round((now - connection.intended) * 1000, 3)
            self._latencies_ms.append(milliseconds)
            if self._job.keep:
                self._answers.append((connection.intended + self._epoch, milliseconds, body.decode(errors="replace")))

    def _end_when_done(self) -> None:
        if self._over and not self._under_way:
            self._finished.set()


def main() -> None:
    """Run the job on standard input."""
    asked: dict[str, Any] = json.load(sys.stdin)
    job = Job(**(asked | {"shots": [Shot(**shot) for shot in asked["shots"]]}))

    async def run() -> Outcome:
        return await Load(job).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(asdict(runner.run(run())), sys.stdout)


if __name__ == "__main__":
    main()
