"""Is the load fast enough to measure with? It must reach twice the floor against an endpoint that does nothing."""

from onebox.bench.job import Job, Shot
from onebox.bench.load import shoot
from onebox.bench.measure import Figure, against_floor
from onebox.bench.stage import Stage, running

CLIENTS = 32
SECONDS = 2.0
AT_LEAST = 2.0


async def generator(here: Stage, floor: float) -> Figure:
    """What the load reaches. floor: requests per second of the bare endpoint in this run."""
    empty = here.part("bench-empty", "onebox.bench.floor", "--empty")
    async with running(empty):
        outcome = await shoot(Job(empty.port, [Shot("/", "{}")], CLIENTS, SECONDS, warm_up_seconds=0.5))
    return against_floor(
        "the load against an empty endpoint", outcome.rate, "requests/s", floor=floor, at_least=AT_LEAST
    )
