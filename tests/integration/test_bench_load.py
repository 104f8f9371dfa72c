"""The load generator against servers that count: what it reports is what was sent and answered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot

STALL_SECONDS = 0.4


@dataclass
class Ledger:
    """What a server got. answer: the bytes for the request of that number, from 1; None hangs up."""

    answer: Callable[[int], bytes | None]
    delay: Callable[[int], float] = lambda number: 0.0
    keys: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request on one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(headers["Content-Length"]))
                self.requests += 1
                number = self.requests
                self.keys[headers["Idempotency-Key"]] += 1
                await asyncio.sleep(self.delay(number))
                answer = self.answer(number)
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(ledger: Ledger) -> AsyncIterator[int]:
    """The port of a server that runs until the block ends."""
    server = await asyncio.start_server(ledger.serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def accepted(number: int) -> bytes:
    """An answer in two headers, with a body."""
    return b'HTTP/1.1 202 Accepted\r\ncontent-length: 11\r\nx-other: 1\r\n\r\n{"id": %4d}' % (number % 10_000)


async def test_a_closed_loop_reports_every_answer_and_never_uses_a_key_twice() -> None:
    ledger = Ledger(accepted)
    async with serving(ledger) as port:
        outcome = await shoot(Job(port, [Shot("/a", "{}"), Shot("/b", '{"b": 1}')], connections=4, seconds=0.5))
    # Those under way when the time was up are not counted.
    assert ledger.requests - 4 <= outcome.good <= ledger.requests
    assert outcome.statuses == {"202": outcome.good}
    assert outcome.bad == {}
    assert set(ledger.keys.values()) == {1}


async def test_shots_that_are_not_repeated_are_sent_once_each_and_end_the_load() -> None:
    ledger = Ledger(accepted)
    shots = [Shot(f"/{number}", "{}") for number in range(50)]
    async with serving(ledger) as port:
        outcome = await shoot(Job(port, shots, connections=8, seconds=60, repeat=False, keep=True))
    assert outcome.good == ledger.requests == 50
    assert sorted(body for _, _, body in outcome.answers) == sorted(f'{{"id": {n:4d}}}' for n in range(1, 51))
    assert outcome.seconds < 10


async def test_in_an_open_loop_a_stall_is_counted_against_every_request_that_had_to_wait() -> None:
    ledger = Ledger(accepted, delay=lambda number: STALL_SECONDS if number == 10 else 0.0)
    async with serving(ledger) as port:
        outcome = await shoot(Job(port, [Shot("/", "{}")], connections=1, seconds=1.0, rate=100))
    assert outcome.good == 100
    late = [latency for latency in outcome.latencies_ms if latency > 100]
    # At 100 a second, some thirty requests were to start in the stall: each waited for what was left of it.
    assert 20 < len(late) < 60
    # A sleep of the event loop may end by its clock's resolution too early.
    assert max(late) >= STALL_SECONDS * 1000 - 5


async def test_refusals_are_told_apart_from_good_answers() -> None:
    refused = b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}"
    ledger = Ledger(lambda number: refused if number % 2 else accepted(number))
    async with serving(ledger) as port:
        outcome = await shoot(Job(port, [Shot("/", "{}")] * 20, connections=1, seconds=30, repeat=False))
    assert outcome.statuses == {"409": 10, "202": 10}
    assert outcome.good == 10
    assert outcome.bad == {"409": 10}


async def test_a_connection_that_ends_without_an_answer_is_counted_and_replaced() -> None:
    ledger = Ledger(lambda number: None if number == 3 else accepted(number))
    async with serving(ledger) as port:
        outcome = await shoot(Job(port, [Shot("/", "{}")] * 10, connections=1, seconds=30, repeat=False))
    assert outcome.statuses == {"202": 9, "lost": 1}
