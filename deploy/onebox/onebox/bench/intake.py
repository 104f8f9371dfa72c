"""`bench intake`: accepted issues per second at 32 clients, alone and with everything running, beside the floor."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from onebox.bench import NothingMeasured
from onebox.bench.generator import generator
from onebox.bench.job import Job, Outcome, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, against_floor, median, note
from onebox.bench.stage import Stage, posts, running, stage
from onebox.layout import PythonProcess

CLIENTS: Final = 32
ROUNDS: Final = 3
ROUND_SECONDS: Final = 5.0
WARM_UP_SECONDS: Final = 1.0
DRAIN_WITHIN: Final = timedelta(minutes=10)
POLL: Final = timedelta(milliseconds=500)
ALONE_BAR: Final = 0.85
TOGETHER_BAR: Final = 0.6
BODIES: Final = 500


class Refused(NothingMeasured):
    """Some posts were not accepted, so the rate says nothing."""


class NotDrained(NothingMeasured):
    """What was accepted is not where it belongs after minutes."""


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """The figures. seconds: of each round."""
    span = seconds or ROUND_SECONDS
    async with stage() as here:
        await here.install()
        bare = await here.floor()
        ours = posts(BODIES, data=data, key=here.api_key)
        floors = posts(BODIES, data=data, key=here.api_key, path="/floor")
        async with running(bare):
            figures = [await generator(here, await at_32_clients(bare, floors, 2.0))]
            alone = here.service("intake")
            async with running(alone):
                figures.append(
                    await _compare(here, "accepted, intake alone", alone, bare, (ours, floors), span, ALONE_BAR)
                )
            together = here.everything()
            async with running(*together):
                compared = await _compare(
                    here, "accepted, everything running", here.layout.public, bare, (ours, floors), span, TOGETHER_BAR
                )
                figures.append(compared)
        return figures


async def _compare(
    here: Stage,
    name: str,
    part: PythonProcess,
    bare: PythonProcess,
    shots: tuple[Sequence[Shot], Sequence[Shot]],
    seconds: float,
    bar: float,
) -> Figure:
    """Short rounds in turn, so that a noisy neighbour disturbs both alike; the medians are compared."""
    ours: list[float] = []
    floors: list[float] = []
    for number in range(ROUNDS):
        floors.append(await at_32_clients(bare, shots[1], seconds))
        ours.append(await at_32_clients(part, shots[0], seconds))
        note(f"{name}, round {number + 1}: {ours[-1]:,.0f}/s, floor {floors[-1]:,.0f}/s")
        await until_drained(here, consumers=part is here.layout.public)
    return against_floor(name, median(ours), "issues/s", floor=median(floors), at_least=bar)


async def at_32_clients(part: PythonProcess, shots: Sequence[Shot], seconds: float) -> float:
    """Good answers per second of a closed loop. Raises Refused when there were others."""
    return accepted(await shoot(Job(part.port, shots, CLIENTS, seconds, warm_up_seconds=WARM_UP_SECONDS))).rate


def accepted(outcome: Outcome) -> Outcome:
    """The outcome, if all answers were good. Raises Refused."""
    if outcome.bad:
        raise Refused(f"{outcome.bad} besides {outcome.good} good answers")
    return outcome


async def until_drained(here: Stage, *, consumers: bool) -> float:
    """Wait until what was accepted has been published and, with everything running, is on its tier; seconds taken.

    Otherwise the work of one round would slow the next one down. Raises NotDrained.
    """
    began = time.monotonic()
    while not await _is_drained(here, consumers=consumers):
        if time.monotonic() - began > DRAIN_WITHIN.total_seconds():
            raise NotDrained(f"Work is left {DRAIN_WITHIN} after the load has ended.")
        await asyncio.sleep(POLL.total_seconds())
    return time.monotonic() - began


async def _is_drained(here: Stage, *, consumers: bool) -> bool:
    services = ("intake", "router", "tier-queues", "notifications") if consumers else ("intake",)
    for service in services:
        if await _value(here, service, "SELECT count(*) FROM outbox"):
            return False
    if not consumers:
        return True
    posted = await _value(here, "intake", "SELECT count(*) FROM issue")
    placed = await _value(here, "tier-queues", "SELECT count(*) FROM issues")
    # Those of the rounds without consumers are placed now as well.
    return posted == placed and not await waiting_mails(here)


async def waiting_mails(here: Stage) -> int:
    """Messages that notifications has still to send."""
    return await _value(here, "notifications", "SELECT count(*) FROM delivery WHERE state = 'waiting'")


async def _value(here: Stage, service: str, sql: str) -> int:
    connection = await here.connect(service)
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()
