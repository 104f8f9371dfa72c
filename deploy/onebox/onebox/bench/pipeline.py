"""`bench pipeline`: from POST to claimable, at a rate that must be borne for long and at a quarter of it.

Claimable is the moment at which another connection to tier-queues' database first sees the issue in its queue. One
connection looks every few milliseconds, so latencies are up to one such look too large and never too small.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from onebox.bench import NothingMeasured
from onebox.bench.generator import generator
from onebox.bench.intake import accepted, at_32_clients, until_drained
from onebox.bench.job import Job, Outcome, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, against_floor, at_most, median, note, quantile
from onebox.bench.samples import Sample, sampling
from onebox.bench.stage import Stage, posts, running, stage
from onebox.bench.watch import watching

FLOOR_ROUNDS: Final = 3
FLOOR_SECONDS: Final = 4.0
SHARE_OF_FLOOR: Final = 0.45
SUSTAINED_SECONDS: Final = 30.0
CALM_SECONDS: Final = 15.0
CONNECTIONS: Final = 128
BODIES: Final = 1_000
SETTLE_SECONDS: Final = 8.0
"""Of the start of the sustained load, in which queues fill up: their growth is measured afterwards."""
GROWTH_LIMIT: Final = 0.02
"""Issues that a backlog may grow by, per issue posted: a backlog that is not kept up with grows by far more."""
CATCH_UP_LIMIT_SECONDS: Final = 2.0
SAMPLE_AFTER_END: Final = timedelta(milliseconds=50)
OFFERED: Final = 1.02
"""So much more than the bar is offered, because what arrives can only be less."""
WARM_UP_SECONDS: Final = 3.0
P50_LIMIT_MS: Final = 30.0
P99_LIMIT_MS: Final = 100.0


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """The figures. seconds: of the sustained load."""
    async with stage() as here:
        await here.install()
        bare = await here.floor()
        async with running(bare):
            shots = posts(BODIES, data=data, key=here.api_key, path="/floor")
            rounds = [await at_32_clients(bare, shots, FLOOR_SECONDS) for _ in range(FLOOR_ROUNDS)]
            floor = median(rounds)
            figures = [await generator(here, floor)]
        note(f"The floor is {floor:,.0f}/s; sustained load {SHARE_OF_FLOOR * floor:,.0f}/s …")
        ours = posts(BODIES, data=data, key=here.api_key)
        async with running(*here.everything()):
            figures += await _calm(here, ours, SHARE_OF_FLOOR * floor / 4)
            figures += await _sustained(here, ours, floor, seconds or SUSTAINED_SECONDS)
        return figures


async def _calm(here: Stage, shots: Sequence[Shot], rate: float) -> list[Figure]:
    """Open loop at a quarter of the rate: how long until an issue can be claimed, from the intended start."""
    job = Job(
        here.layout.public.port,
        shots,
        CONNECTIONS,
        CALM_SECONDS,
        rate=rate,
        warm_up_seconds=WARM_UP_SECONDS,
        keep=True,
    )
    async with watching(here) as watch:
        outcome = accepted(await shoot(job))
        wanted = {json.loads(body)["number"]: intended for intended, _, body in outcome.answers}
        seen = await watch.until_seen(set(wanted))
    latencies_ms = [1000 * (seen[number] - intended) for number, intended in wanted.items()]
    await until_drained(here, consumers=True)
    return [
        at_most(f"POST to claimable at {rate:,.0f}/s, p50", quantile(latencies_ms, 0.5), "ms", limit=P50_LIMIT_MS),
        at_most(f"POST to claimable at {rate:,.0f}/s, p99", quantile(latencies_ms, 0.99), "ms", limit=P99_LIMIT_MS),
        Figure(f"POST answered at {rate:,.0f}/s, p50", quantile(outcome.latencies_ms, 0.5), "ms"),
        Figure(f"POST answered at {rate:,.0f}/s, p99", quantile(outcome.latencies_ms, 0.99), "ms"),
    ]


async def _sustained(here: Stage, shots: Sequence[Shot], floor: float, seconds: float) -> list[Figure]:
    """Open loop at the promised rate: do the backlogs of router and tier-queues stay, and how soon are they gone?"""
    rate = OFFERED * SHARE_OF_FLOOR * floor
    job = Job(here.layout.public.port, shots, CONNECTIONS, seconds, rate=rate)
    async with sampling(here) as samples:
        began = time.monotonic()
        outcome = accepted(await shoot(job))
        ended = time.monotonic()
        caught_up = await _caught_up(samples, ended)
        steady = [sample for sample in samples if began + SETTLE_SECONDS < sample.at < began + seconds]
        drained = await until_drained(here, consumers=True)
    return [
        against_floor(
            "POST to claimable, sustained",
            _borne(outcome, steady),
            "issues/s",
            floor=floor,
            at_least=SHARE_OF_FLOOR,
        ),
        *_growth(steady, rate),
        at_most("router and tier-queues caught up after the end", caught_up, "s", limit=CATCH_UP_LIMIT_SECONDS),
        Figure("POST answered at that rate, p99", quantile(outcome.latencies_ms, 0.99), "ms"),
        Figure("notifications' largest backlog", max(sample.notices for sample in samples), "events"),
        Figure("mails waiting, at most", max(sample.mails for sample in samples), "mails"),
        Figure("everything sent after the end", caught_up + drained, "s"),
    ]


def _borne(outcome: Outcome, steady: Sequence[Sample]) -> float:
    """Issues per second that came to a tier while the load was steady, and were accepted at all."""
    if len(steady) < 2:
        raise NothingMeasured("The load was too short to be steady.")
    placed = (steady[-1].placed - steady[0].placed) / (steady[-1].at - steady[0].at)
    return min(placed, outcome.rate)


def _growth(steady: Sequence[Sample], rate: float) -> list[Figure]:
    """How much each backlog grows per issue posted, by the line through its samples."""
    times = [sample.at for sample in steady]
    figures = []
    for name, backlog in (
        ("router", [sample.accepted - sample.decided for sample in steady]),
        ("tier-queues", [sample.decided - sample.placed for sample in steady]),
    ):
        slope = statistics.linear_regression(times, backlog).slope
        note(f"backlog of {name}: {min(backlog)} to {max(backlog)} issues, growing by {slope:.1f}/s")
        figures.append(at_most(f"backlog of {name} grows by", slope / rate, "per issue", limit=GROWTH_LIMIT))
    return figures


async def _caught_up(samples: Sequence[Sample], ended: float) -> float:
    """Seconds from the end of the load to the first sample in which every issue is on its tier."""
    while True:
        done = [sample.at for sample in samples if sample.at >= ended and sample.placed == sample.accepted]
        if done:
            return max(0.0, done[0] - ended)
        await asyncio.sleep(SAMPLE_AFTER_END.total_seconds())
