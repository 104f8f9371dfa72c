"""THE route table: which process answers which path. The proxy of `up --split` and compose's gateway read it."""

from collections.abc import Sequence
from dataclasses import dataclass

SERVICES = ("intake", "router", "tier-queues", "vendor-bridge", "notifications")
TIER_GROUPS = ("1", "2", "3")
"""The tiers that get a process each; several tiers share one as "2,3"."""


@dataclass(frozen=True)
class Route:
    """Paths that begin with prefix go to any one of the upstreams, which are names of processes."""

    prefix: str
    upstreams: tuple[str, ...]


def tier_process(tiers: str) -> str:
    """The name of the process that runs these tiers, e.g. `tier-queues-2-3`."""
    return f"tier-queues-{tiers.replace(',', '-')}"


def routes(tier_groups: Sequence[str] = TIER_GROUPS) -> tuple[Route, ...]:
    """The table, to be read from the top: the first prefix that fits wins."""
    by_tier = (
        Route(f"/tier-queues/tiers/{tier}/", (tier_process(group),))
        for group in tier_groups
        for tier in group.split(",")
    )
    # A tier that no process names belongs to the lowest one.
    unnamed = Route("/tier-queues/tiers/", (tier_process(min(tier_groups)),))
    every_tier = Route("/tier-queues/", tuple(map(tier_process, tier_groups)))
    others = (Route(f"/{service}/", (service,)) for service in SERVICES if service != "tier-queues")
    portal = Route("/", ("intake",))
    return (*by_tier, unnamed, every_tier, *others, portal)


def upstreams_of(path: str, table: Sequence[Route]) -> tuple[str, ...]:
    """The processes that may answer this path."""
    return next(route.upstreams for route in table if path.startswith(route.prefix))
