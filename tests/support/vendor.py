"""A vendor for tests: a real HTTP server that keeps every request and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the vendor answers."""

    status: int = 202
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


Behaviour = Callable[[Received], Awaitable[Answer]]


async def accepts(_request: Received) -> Answer:
    """202 without a reference."""
    return Answer()


async def hangs(_request: Received) -> Answer:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """The same answer to everything; underscores in the headers' names stand for hyphens."""

    async def behave(_request: Received) -> Answer:
        return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    return behave


@dataclass
class TestVendor:
    """A running vendor. behave may be exchanged at any time."""

    port: int = 0
    behave: Behaviour = accepts
    received: list[Received] = field(default_factory=list)

    __test__ = False

    @property
    def origin(self) -> str:
        """What `allowed_private_targets` must name."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where cases go."""
        return f"{self.origin}/cases"

    def of_case(self, case: object) -> list[Received]:
        """The requests about a case, in order."""
        return [request for request in self.received if request.json.get("case") == str(case)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one connection, until it ends."""
        try:
            while (request := await _request(reader)) is not None:
                self.received.append(request)
                writer.write(_bytes(await self.behave(request)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Received | None:
    start = (await reader.readline()).decode()
    if not start:
        return None
    headers: dict[str, str] = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, path, _ = start.split(" ")
    return Received(method, path, headers, body)


def _bytes(answer: Answer) -> bytes:
    headers = {"content-length": str(len(answer.body)), "content-type": "application/json", **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Answer", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + answer.body


@asynccontextmanager
async def vendor_server(behave: Behaviour = accepts, *, port: int = 0) -> AsyncIterator[TestVendor]:
    """A vendor on loopback. port: that of a vendor which comes back, or any free one."""
    vendor = TestVendor(behave=behave)
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await vendor.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    vendor.port = server.sockets[0].getsockname()[1]
    try:
        yield vendor
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
