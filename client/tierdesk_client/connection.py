"""REST as a careful client speaks it: what changes something has a key and is sent again until its end is known."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from uuid import UUID, uuid4

import httpx

from tierdesk_client.refusals import NoAnswer, Refused, refusal_of

ATTEMPTS: Final = 8
FIRST_WAIT: Final = timedelta(milliseconds=100)
"""Before the second attempt; every further wait is twice as long, or as long as the server asks for."""
LONGEST_WAIT: Final = timedelta(seconds=30)
ANSWER_WITHIN: Final = timedelta(seconds=30)
CONNECTIONS: Final = 48
PAGE_ROWS: Final = 200
COME_BACK: Final = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})


@dataclass(frozen=True)
class Answer:
    """What came back. sent_at: epoch seconds of the first attempt; seconds: from there to the answer."""

    status: int
    content: bytes
    sent_at: float
    seconds: float
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False)

    @property
    def is_good(self) -> bool:
        return self.status < httpx.codes.BAD_REQUEST

    @property
    def value(self) -> Any:
        """The JSON value, or None when the answer is empty."""
        return json.loads(self.content) if self.content else None

    def refusal(self, request: str) -> Refused:
        """What to raise when this is not the answer hoped for. request: what was asked."""
        return refusal_of(request, self.status, self.content)


@dataclass(frozen=True)
class Connection:
    """One instance's REST API, for any number of callers at once."""

    http: httpx.AsyncClient
    attempts: int = ATTEMPTS

    async def get(self, path: str, *, token: str, **query: Any) -> Any:
        """The JSON value at a path; None when there is nothing (404). Raises Refused, NoAnswer."""
        parameters = {name: value for name, value in query.items() if value is not None}
        answer = await self._sent("GET", path, {"Authorization": f"Bearer {token}"}, parameters=parameters)
        return None if answer.status == httpx.codes.NOT_FOUND else good(f"GET {path}", answer).value

    def rows(self, path: str, *, token: str, limit: int = PAGE_ROWS, **query: Any) -> AsyncIterator[Any]:
        """The rows of a list, page after page as they are needed. limit: rows of a page. Raises Refused, NoAnswer."""
        return rows_of(partial(self.get, path, token=token, **query), limit)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        expected: int | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send a request that changes something until it is answered, always with the same key.

        key: what makes two requests the same, else a new one; expected: the version that is meant; content: what is
        sent instead of a body in JSON, with its Content-Type among the headers.
        The answer may be a refusal. Raises NoAnswer: then it may have had its effect or not.
        """
        all_headers = {"Idempotency-Key": key or str(uuid4()), **(headers or {})}
        if token is not None:
            all_headers["Authorization"] = f"Bearer {token}"
        if expected is not None:
            all_headers["If-Match"] = f'"{expected}"'
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, default=_written).encode()
            all_headers["Content-Type"] = "application/json"
        return await self._sent(method, path, all_headers, content=content)

    async def _sent(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        content: bytes | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send until there is an answer that is not *come back later*."""
        wait = FIRST_WAIT
        sent_at, began = time.time(), time.perf_counter()
        cause = ""
        for attempt in range(self.attempts):
            asked = timedelta(0)
            try:
                response = await self.http.request(method, path, headers=headers, content=content, params=parameters)
            except httpx.TransportError as error:
                cause = repr(error)
            else:
                if response.status_code not in COME_BACK:
                    seconds = time.perf_counter() - began
                    return Answer(response.status_code, response.content, sent_at, seconds, response.headers)
                cause, asked = f"{response.status_code} {response.text[:200]}", _asked(response)
            if attempt + 1 < self.attempts:
                await asyncio.sleep(min(max(wait, asked), LONGEST_WAIT).total_seconds())
                wait *= 2
        raise NoAnswer(f"{method} {path}: {cause}")


async def rows_of(page: Callable[..., Awaitable[Any]], limit: int = PAGE_ROWS) -> AsyncIterator[Any]:
    """The rows of a list. page: gives one with `limit` rows behind the cursor `after`, None when there is no list."""
    after: str | None = None
    while True:
        found = await page(limit=limit, after=after) or {"items": [], "next": None}
        for row in found["items"]:
            yield row
        after = found["next"]
        if after is None:
            return


def _written(value: object) -> str:
    """A value that JSON does not know, as the services read it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{value!r} cannot be sent")


def _asked(response: httpx.Response) -> timedelta:
    """How long the server asks to wait."""
    seconds = response.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdecimal() else timedelta(0)


def good(request: str, answer: Answer) -> Answer:
    """The answer itself. Raises Refused when it is a refusal."""
    if not answer.is_good:
        raise answer.refusal(request)
    return answer


@asynccontextmanager
async def connected(url: str, *, attempts: int = ATTEMPTS) -> AsyncIterator[Connection]:
    """A connection to the instance at an address. attempts: how often a request is sent before it is given up."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    timeout = httpx.Timeout(ANSWER_WITHIN.total_seconds())
    # Cookies would mix up those who speak through one connection.
    none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout, trust_env=False, cookies=none) as http:
        yield Connection(http, attempts)
