"""The one way out: HTTP/1.1 to public https, bounded in time and size, connected to exactly the address checked."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import httpcore
import httpx

from shared.settings import ServiceSettings
from shared.targets import Resolve, TargetRefused, public_addresses, resolved, target_of

REPLY_LIMIT_BYTES: Final = 64 * 1024
"""What is kept of a reply's body; the rest is not read."""
KEEP_ALIVE: Final = timedelta(seconds=2)
"""Shorter than the 5 s after which many servers hang up, so that no request meets a closing connection."""


class NotReached(Exception):
    """There was no complete answer: the host refused, hung, broke off or is not allowed. The message says which."""

    def __init__(self, reason: str, took: timedelta) -> None:
        super().__init__(reason)
        self.reason = reason
        self.took = took


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered. body: at most REPLY_LIMIT_BYTES. retry_after: the wait it asked for."""

    status: int
    body: bytes
    retry_after: timedelta | None
    took: timedelta

    @property
    def accepted(self) -> bool:
        """Only 2xx is; redirections are not followed and count as failures."""
        return 200 <= self.status < 300


class Outgoing:
    """The client of one service in one process; `async with` opens and closes it.

    resolve: the resolver of host names; given by tests only.
    """

    def __init__(self, settings: ServiceSettings, *, resolve: Resolve = resolved) -> None:
        self._total = settings.outgoing_timeout
        self._client = httpx.AsyncClient(
            transport=_Guarded(settings, resolve),
            timeout=httpx.Timeout(
                settings.outgoing_timeout.total_seconds(),
                connect=settings.outgoing_connect_timeout.total_seconds(),
            ),
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "Tierdesk", "accept-encoding": "identity", "accept": "application/json, */*"},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send a body once and read the answer. Raises NotReached; never retries."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._total.total_seconds()):
                async with self._client.stream("POST", url, content=body, headers=dict(headers)) as response:
                    kept = await _bounded(response)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise NotReached(_reason(error), timedelta(seconds=time.monotonic() - started)) from error
        asked = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        return Reply(response.status_code, kept, asked, timedelta(seconds=time.monotonic() - started))


async def _bounded(response: httpx.Response) -> bytes:
    """The first bytes of a body, as sent: nothing is unpacked, so that nothing can grow."""
    kept = bytearray()
    async for chunk in response.aiter_raw():
        kept += chunk
        if len(kept) >= REPLY_LIMIT_BYTES:
            break
    return bytes(kept[:REPLY_LIMIT_BYTES])


def _reason(error: Exception) -> str:
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return f"no answer in time ({type(error).__name__})"
    return f"{type(error).__name__}: {error}"[:300]


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, in seconds or as a date; None when it says nothing sensible."""
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        return timedelta(seconds=min(int(value[:10]), 10**9))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(at - now, timedelta())


class _Guarded(httpx.AsyncBaseTransport):
    """Sends what leads to the public internet through the checking pool, and allowed exceptions through their own.

    Two pools, so that a name which is allowed for one scheme never gets an unchecked connection for another.
    """

    def __init__(self, settings: ServiceSettings, resolve: Resolve) -> None:
        self._allowed = settings.allowed_private_targets
        limits = httpx.Limits(
            max_connections=settings.outgoing_connections,
            max_keepalive_connections=settings.outgoing_connections,
            keepalive_expiry=KEEP_ALIVE.total_seconds(),
        )
        self._private = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)
        self._public = _Pinned(limits, resolve)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target = target_of(request.url, self._allowed)
        return await (self._private if target.private else self._public).handle_async_request(request)

    async def aclose(self) -> None:
        await self._private.aclose()
        await self._public.aclose()


class _Pinned(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool that connects to checked addresses; Host and SNI stay the URL's."""

    def __init__(self, limits: httpx.Limits, resolve: Resolve) -> None:
        # The network backend cannot be handed over through httpx 0.28, hence the pool is made here instead of there.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_CheckedNetwork(resolve),
        )


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every answer, and connects to those very addresses."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of the host's addresses that takes the connection. Raises TargetRefused."""
        async with asyncio.timeout(timeout):
            fault: httpcore.NetworkError | httpcore.ConnectTimeout = httpcore.ConnectError("no address")
            for address in await public_addresses(host, port, self._resolve):
                try:
                    return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    fault = error
            raise fault

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise TargetRefused("Only https is allowed.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
