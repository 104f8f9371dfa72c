"""The client of the demo: the product's own, with a stopwatch."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tierdesk_client import Answer, Connection, connected, good


@dataclass
class Stopwatch:
    """How long requests took, in seconds, by what they were."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: str, seconds: float) -> None:
        self.seconds[what].append(seconds)


@dataclass
class Client:
    """One instance's REST API."""

    connection: Connection
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def http(self) -> httpx.AsyncClient:
        """For requests that are sent once, whatever comes of them."""
        return self.connection.http

    async def get(self, path: str, *, token: str, **query: Any) -> Any:
        """The JSON value at a path; None when there is nothing (404). Raises Refused, NoAnswer."""
        return await self.connection.get(path, token=token, **query)

    async def pages(self, path: str, *, token: str, **query: Any) -> list[Any]:
        """All rows of a list. Raises Refused, NoAnswer."""
        return [row async for row in self.connection.rows(path, token=token, **query)]

    async def send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        token: str | None = None,
        key: str | None = None,
        expected: int | None = None,
        what: str | None = None,
    ) -> Answer:
        """Send a request that changes something, until it is answered. what: its name on the stopwatch.

        The answer may be a refusal. Raises NoAnswer.
        """
        answer = await self.connection.send(method, path, body, token=token, key=key, expected=expected)
        if what is not None and answer.is_good:
            self.stopwatch.add(what, answer.seconds)
        return answer

    async def post(self, path: str, body: Any, **options: Any) -> Any:
        """POST that must succeed; the JSON value of its answer. Raises Refused, NoAnswer."""
        return good(f"POST {path}", await self.send("POST", path, body, **options)).value


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    """A client of the instance at an address."""
    async with connected(url) as made:
        yield Client(made)
