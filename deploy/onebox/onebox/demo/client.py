"""REST as a careful client speaks it: every command has a key, and is sent again until its outcome is known."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx

from shared.ids import new_id

ATTEMPTS: Final = 8
FIRST_WAIT: Final = timedelta(milliseconds=100)
ANSWER_WITHIN: Final = timedelta(seconds=30)
CONNECTIONS: Final = 48


class Refused(Exception):
    """An answer that is not the one hoped for."""

    def __init__(self, request: str, answer: "Answer") -> None:
        super().__init__(f"{request}: {answer.status} {answer.content[:300].decode(errors='replace')}")
        self.answer = answer


class NoAnswer(Exception):
    """No attempt got an answer: whether the request had an effect is unknown."""


@dataclass(frozen=True)
class Answer:
    """What came back. sent_at: epoch seconds of the first attempt; seconds: from there to the answer."""

    status: int
    content: bytes
    sent_at: float
    seconds: float

    @property
    def value(self) -> Any:
        """The JSON value, or None when the answer is empty."""
        return json.loads(self.content) if self.content else None


@dataclass
class Stopwatch:
    """How long requests took, in seconds, by what they were."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: str, seconds: float) -> None:
        self.seconds[what].append(seconds)


@dataclass
class Client:
    """One instance's REST API."""

    http: httpx.AsyncClient
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    async def get(self, path: str, *, token: str, **query: Any) -> Any:
        """The JSON value at a path; None when there is nothing (404). Raises Refused, NoAnswer."""
        parameters = {name: value for name, value in query.items() if value is not None}
        answer = await self._send("GET", path, {"Authorization": f"Bearer {token}"}, parameters=parameters)
        if answer.status == httpx.codes.NOT_FOUND:
            return None
        return _good(f"GET {path}", answer).value

    async def pages(self, path: str, *, token: str, **query: Any) -> list[Any]:
        """All rows of a list, page after page."""
        rows: list[Any] = []
        after: str | None = None
        while True:
            page = await self.get(path, token=token, after=after, **query)
            rows += page["items"] if page else []
            after = page["next"] if page else None
            if after is None:
                return rows

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
        headers = {"Idempotency-Key": key or str(new_id())}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if expected is not None:
            headers["If-Match"] = f'"{expected}"'
        answer = await self._send(method, path, headers, body=body)
        if what is not None and answer.status < httpx.codes.BAD_REQUEST:
            self.stopwatch.add(what, answer.seconds)
        return answer

    async def post(self, path: str, body: Any, **options: Any) -> Any:
        """POST that must succeed; the JSON value of its answer. Raises Refused, NoAnswer."""
        return _good(f"POST {path}", await self.send("POST", path, body, **options)).value

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: Any = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send until there is an answer that is not *come back later*."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        wait = FIRST_WAIT
        sent_at, began = time.time(), time.perf_counter()
        cause = ""
        for _ in range(ATTEMPTS):
            try:
                response = await self.http.request(
                    method, path, headers={**headers, **kind}, content=content, params=parameters
                )
            except httpx.TransportError as error:
                cause = repr(error)
            else:
                if response.status_code not in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
                    return Answer(response.status_code, response.content, sent_at, time.perf_counter() - began)
                cause = f"{response.status_code} {response.text[:200]}"
            await asyncio.sleep(wait.total_seconds())
            wait *= 2
        raise NoAnswer(f"{method} {path}: {cause}")


def _good(request: str, answer: Answer) -> Answer:
    if answer.status >= httpx.codes.BAD_REQUEST:
        raise Refused(request, answer)
    return answer


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    """A client of the instance at an address."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    timeout = httpx.Timeout(ANSWER_WITHIN.total_seconds())
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout, trust_env=False) as http:
        yield Client(http)
