"""The one way out, on real sockets: bounded, never redirected, never connected to what was not checked."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.http import REPLY_LIMIT_BYTES, NotReached, Outgoing, retry_after
from shared.targets import check_target
from support.infrastructure import Infrastructure
from support.ledger import LedgerSettings
from support.vendor import TestVendor, answers, hangs, vendor_server

PUBLIC = "93.184.215.14"
BLOCKED = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fec0::1")
SHORT = timedelta(seconds=1)


@pytest.fixture
async def receiver() -> AsyncIterator[TestVendor]:
    async with vendor_server() as running:
        yield running


def settings(infrastructure: Infrastructure, *allowed: str, **changes: Any) -> LedgerSettings:
    return LedgerSettings.model_validate(
        infrastructure.environment() | {"allowed_private_targets": ",".join(allowed)} | changes
    )


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handle: Handle) -> AsyncIterator[str]:
    """The origin of a server that treats each connection so."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


_connected: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        _connected.append(str(arguments[1][0]))


@pytest.fixture(scope="module", autouse=True)
def noting() -> None:
    """The interpreter tells of every connection that anybody opens."""
    sys.addaudithook(_note)


@contextmanager
def connections() -> Iterator[list[str]]:
    """The addresses to which sockets were connected meanwhile."""
    _connected.clear()
    yield _connected


async def test_an_allowed_private_target_is_reached_and_answers(
    infrastructure: Infrastructure, receiver: TestVendor
) -> None:
    receiver.behave = answers(429, b'{"a": 1}', retry_after="7")
    with connections() as connected:
        async with Outgoing(settings(infrastructure, receiver.origin)) as outgoing:
            reply = await outgoing.post(receiver.url, b"hello", {"content-type": "text/plain"})

    assert connected == ["127.0.0.1"]
    assert (reply.status, reply.body, reply.retry_after, reply.accepted) == (429, b'{"a": 1}', 7 * SHORT, False)
    assert receiver.received[0].body == b"hello"


async def test_loopback_is_out_of_reach_unless_it_is_allowed(
    infrastructure: Infrastructure, receiver: TestVendor
) -> None:
    with connections() as connected:
        async with Outgoing(settings(infrastructure)) as outgoing:
            for url in (receiver.url, f"http://localhost:{receiver.port}", "https://localhost", "https://127.0.0.1"):
                with pytest.raises(NotReached, match="TargetRefused"):
                    await outgoing.post(url, b"", {})

    assert connected == []
    assert receiver.received == []


@pytest.mark.parametrize("address", BLOCKED)
async def test_a_name_that_is_rebound_after_its_registration_is_never_connected_to(
    infrastructure: Infrastructure, address: str
) -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return (PUBLIC,) if len(asked) == 1 else (address,)

    await check_target("https://rebound.example/hook", frozenset(), rebinding)
    with connections() as connected:
        async with Outgoing(settings(infrastructure), resolve=rebinding) as outgoing:
            with pytest.raises(NotReached, match="not public"):
                await outgoing.post("https://rebound.example/hook", b"", {})

    assert len(asked) == 2
    assert connected == []


async def test_one_private_address_among_public_ones_is_enough_to_refuse(infrastructure: Infrastructure) -> None:
    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return (PUBLIC, "10.0.0.1")

    with connections() as connected:
        async with Outgoing(settings(infrastructure), resolve=mixed) as outgoing:
            with pytest.raises(NotReached, match="not public"):
                await outgoing.post("https://mixed.example/hook", b"", {})

    assert connected == []


async def test_a_redirection_leads_nowhere(infrastructure: Infrastructure, receiver: TestVendor) -> None:
    async with vendor_server() as secret, Outgoing(settings(infrastructure, receiver.origin)) as outgoing:
        for status in (301, 302, 303, 307, 308):
            receiver.behave = answers(status, location=secret.url)
            reply = await outgoing.post(receiver.url, b"", {})
            assert (reply.status, reply.accepted) == (status, False)

        assert secret.received == []


async def test_a_receiver_that_hangs_is_given_up_in_time(infrastructure: Infrastructure, receiver: TestVendor) -> None:
    receiver.behave = hangs
    started = time.monotonic()
    async with Outgoing(settings(infrastructure, receiver.origin, outgoing_timeout=SHORT)) as outgoing:
        with pytest.raises(NotReached, match="no answer in time"):
            await outgoing.post(receiver.url, b"", {})

    assert time.monotonic() - started < 3


async def test_a_receiver_that_drips_its_answer_is_given_up_in_time(infrastructure: Infrastructure) -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    started = time.monotonic()
    async with serving(drip) as origin, Outgoing(settings(infrastructure, origin, outgoing_timeout=SHORT)) as outgoing:
        with pytest.raises(NotReached, match="no answer in time"):
            await outgoing.post(origin, b"", {})

    assert time.monotonic() - started < 3


async def test_of_a_large_answer_only_the_beginning_is_read(
    infrastructure: Infrastructure, receiver: TestVendor
) -> None:
    receiver.behave = answers(200, b"x" * 5_000_000)
    async with Outgoing(settings(infrastructure, receiver.origin)) as outgoing:
        reply = await outgoing.post(receiver.url, b"", {})

    assert (reply.status, len(reply.body)) == (200, REPLY_LIMIT_BYTES)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"])
async def test_an_answer_that_breaks_off_is_no_answer(infrastructure: Infrastructure, answer: bytes) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with serving(broken) as origin, Outgoing(settings(infrastructure, origin)) as outgoing:
        with pytest.raises(NotReached):
            await outgoing.post(origin, b"", {})


async def test_a_refused_connection_is_no_answer(infrastructure: Infrastructure) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with Outgoing(settings(infrastructure, origin)) as outgoing:
            with pytest.raises(NotReached, match="ConnectError"):
                await outgoing.post(origin, b"", {})


async def test_cookies_are_not_kept_from_one_request_to_the_next(
    infrastructure: Infrastructure, receiver: TestVendor
) -> None:
    receiver.behave = answers(200, set_cookie="session=1; Path=/")
    async with Outgoing(settings(infrastructure, receiver.origin)) as outgoing:
        for _ in range(2):
            await outgoing.post(receiver.url, b"", {})

    assert "cookie" not in receiver.received[1].headers


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("120", timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", timedelta()),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_understood_in_both_its_forms(value: str | None, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait


def test_an_absurd_retry_after_is_a_long_wait_and_no_error() -> None:
    wait = retry_after("9" * 400, NOW)

    assert wait is not None
    assert wait > timedelta(days=30)
